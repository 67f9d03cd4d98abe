// What is a client told of a call that could not be answered? `not_executed` exactly when no owner can have executed
// it, and `unavailable` when one may have.
#include "store_calls.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;
using Kind = wire::StoreErrorKind;

class StoreOutcome : public StoreMethods {
 protected:
  template <class Result>
  static int kind_of_reply(const FakeCall& call) {
    const auto reply = decode_reply<Result>(call.reply);
    if (!reply.ok() || !reply.value().__isset.error) return 0;
    return reply.value().error.kind;
  }
  static int of_write(const FakeCall& call) { return kind_of_reply<wire::Store_write_result>(call); }
  static int of_read(const FakeCall& call) { return kind_of_reply<wire::Store_read_result>(call); }
  static int of_erase(const FakeCall& call) { return kind_of_reply<wire::Store_erase_result>(call); }
  static int of_write_many(const FakeCall& call) { return kind_of_reply<wire::Store_write_many_result>(call); }
  static int of_erase_many(const FakeCall& call) { return kind_of_reply<wire::Store_erase_many_result>(call); }

  // Until `call` has its answer.
  void wait_out(
      const FakeCall& call, const std::function<void()>& each_time = [] {}) {
    for (int times = 0; call.reply.empty() && call.failure.empty() && times < 1'000; ++times) {
      each_time();
      strand->advance(kShortPause);
    }
  }
  void fail_each_forward(FakeCall& call, ErrorKind kind) {
    wait_out(call, [&] {
      if (call.is_forwarding()) call.fail_forward(kind);
    });
  }
};

// --- one key ---------------------------------------------------------------------------------------------------------

TEST_F(StoreOutcome, WhatNoOwnerWasSentIsNotExecuted) {
  own(kOther);
  for (const auto kind : {ErrorKind::refused, ErrorKind::unreachable, ErrorKind::silent, ErrorKind::wrong_node,
                          ErrorKind::local, ErrorKind::overloaded, ErrorKind::cancelled, ErrorKind::not_found}) {
    const auto written = write("a", "apple");
    fail_each_forward(*written, kind);
    EXPECT_EQ(of_write(*written), Kind::not_executed) << to_text(kind);
    const auto erased = erase("a");
    fail_each_forward(*erased, kind);
    EXPECT_EQ(of_erase(*erased), Kind::not_executed) << to_text(kind);
    const auto asked = read("a");
    fail_each_forward(*asked, kind);
    EXPECT_EQ(of_read(*asked), Kind::not_executed) << to_text(kind);
  }
}

TEST_F(StoreOutcome, WhatAnOwnerMayHaveExecutedIsUnavailable) {
  own(kOther);
  for (const auto kind : {ErrorKind::timed_out, ErrorKind::closed, ErrorKind::protocol, ErrorKind::internal}) {
    const auto written = write("a", "apple");
    fail_each_forward(*written, kind);
    EXPECT_EQ(of_write(*written), Kind::unavailable) << to_text(kind);
    const auto erased = erase("a");
    fail_each_forward(*erased, kind);
    EXPECT_EQ(of_erase(*erased), Kind::unavailable) << to_text(kind);
    const auto asked = read("a");
    fail_each_forward(*asked, kind);
    EXPECT_EQ(of_read(*asked), Kind::unavailable)
        << to_text(kind) << ": an owner was asked, and harm was done to nothing";
  }
}

TEST_F(StoreOutcome, WhatWaitedForItsConnectionUntilTheDeadlineIsNotExecuted) {
  own(kOther);
  const auto erased = erase("a");
  for (const auto kind : {ErrorKind::timed_out, ErrorKind::closed}) {
    erased->fail_unsent(kind);
    EXPECT_TRUE(erased->reply.empty()) << "it is tried again";
    strand->advance(kShortPause);
  }
  erased->fail_unsent(ErrorKind::protocol);
  EXPECT_EQ(of_erase(*erased), Kind::not_executed);
}

TEST_F(StoreOutcome, AClassicGetThatAskedNobodySaysSo) {
  own(kOther);
  const auto lonely = get("a");
  fail_each_forward(*lonely, ErrorKind::refused);
  EXPECT_TRUE(lonely->failure.starts_with(kNotExecutedPrefix)) << lonely->failure;
  const auto lost = get("a");
  fail_each_forward(*lost, ErrorKind::timed_out);
  EXPECT_TRUE(lost->failure.starts_with(kUnknownOutcomePrefix)) << lost->failure;
}

TEST_F(StoreOutcome, NoLaterAttemptUndoesWhatAnEarlierOneMayHaveDone) {
  own(kOther);
  const auto written = write("a", "apple");
  written->fail_forward(ErrorKind::closed);
  strand->advance(kShortPause);
  fail_each_forward(*written, ErrorKind::refused);
  EXPECT_GT(written->forwarded_to.size(), 2u);
  EXPECT_EQ(of_write(*written), Kind::unavailable);
}

TEST_F(StoreOutcome, NorDoesTheLackOfAnOwnerAfterIt) {
  own(kOther);
  const auto written = write("a", "apple");
  written->fail_forward(ErrorKind::closed);
  own(NodeAddress{});
  wait_out(*written);
  EXPECT_EQ(of_write(*written), Kind::unavailable);
}

TEST_F(StoreOutcome, AKeyThatNobodyOwnsTakesNothing) {
  own(NodeAddress{});
  const auto written = write("a", "apple");
  wait_out(*written);
  EXPECT_EQ(of_write(*written), Kind::not_executed);
}

TEST_F(StoreOutcome, ANodeThatHasJustJoinedTakesNothingYet) {
  be_established(false);
  const auto written = write("a", "apple");
  wait_out(*written);
  EXPECT_EQ(of_write(*written), Kind::not_executed);
  be_established(true);
  EXPECT_EQ(value_of("a"), std::nullopt);
}

TEST_F(StoreOutcome, AKeyThatDoesNotArriveIsNotWritten) {
  work_by(locator->ring_of({kSelf, kOther}));
  await_keys(view_version(), {kOther});
  const auto written = write("a", "apple");
  wait_out(*written, [&] {
    while (!peers.asked.empty()) peers.take("pull").done(Error{ErrorKind::timed_out, "busy"});
  });
  EXPECT_EQ(of_write(*written), Kind::not_executed) << "what was asked is a question";
  EXPECT_EQ(value_of("a"), std::nullopt);
}

TEST_F(StoreOutcome, ANodeThatIsFullOfWaitingCallsTakesNothing) {
  own(NodeAddress{});
  for (std::size_t waiting = 0; waiting < kWaitingMax; ++waiting) ASSERT_TRUE(store->retries->add([](auto) {}));
  EXPECT_EQ(of_write(*write("a", "apple")), Kind::not_executed);
  EXPECT_EQ(of_write_many(*write_many({{"a", "apple"}})), Kind::not_executed);
}

TEST_F(StoreOutcome, ANodeThatStopsAnswersWhatWaits) {
  own(NodeAddress{});
  const auto written = write("a", "apple");
  const auto batch = write_many({{"a", "apple"}});
  own(kOther);
  const auto lost = write("b", "banana");
  lost->fail_forward(ErrorKind::closed);
  store->retries->stop();
  EXPECT_EQ(of_write(*written), Kind::not_executed);
  EXPECT_EQ(of_write_many(*batch), Kind::not_executed);
  EXPECT_EQ(of_write(*lost), Kind::unavailable);
}

TEST_F(StoreOutcome, ACallWhoseTimeIsOverIsNotPassedOn) {
  own(kOther);
  wire::Store_write_args args;
  args.key = "a";
  FakeCall call("write", args, in(10ms));
  call.dispatch(methods);
  EXPECT_TRUE(call.forwarded_to.empty());
  EXPECT_EQ(of_write(call), Kind::not_executed);
}

// Who has passed it on knows of other attempts, and has time for more.
TEST_F(StoreOutcome, ACallThatWasPassedOnHereIsGivenBackAsNotExecuted) {
  be_established(false);
  const auto written = write("a", "apple", 1);
  wait_out(*written);
  EXPECT_TRUE(written->failure.starts_with(kNotExecutedPrefix)) << written->failure;
  EXPECT_TRUE(written->reply.empty());
}

// --- keys of nodes of the 2009 system --------------------------------------------------------------------------------

class ClassicOutcome : public StoreOutcome {
 protected:
  ClassicOutcome() {
    own(kOther);
    classic->classics->remember(kOther);
  }
  void answer_get(const std::string& value) {
    peers.take("get").done(reply_with<wire::Store_get_result>("get", value));
  }
};

TEST_F(ClassicOutcome, APutThatNobodyTookIsNotExecuted) {
  const auto written = write("a", "apple");
  wait_out(*written, [&] {
    while (!peers.asked.empty()) peers.take("put").done(Error{ErrorKind::refused, "nobody listens"});
  });
  EXPECT_EQ(of_write(*written), Kind::not_executed);
}

TEST_F(ClassicOutcome, APutThatWasTakenAndCannotBeReadBackIsUnavailable) {
  for (const auto kind : {ErrorKind::refused, ErrorKind::local, ErrorKind::timed_out, ErrorKind::overloaded}) {
    classic->classics->remember(kOther);
    const auto written = write("a", "apple");
    wait_out(*written, [&] {
      while (!peers.asked.empty()) {
        if (peers.asked.front().method() == "put") {
          peers.take("put").done(std::string());
        } else {
          peers.take("get").done(Error{kind, "away"});
        }
      }
    });
    EXPECT_EQ(of_write(*written), Kind::unavailable) << to_text(kind);
  }
}

TEST_F(ClassicOutcome, AnEraseThatOnlyAskedIsNotExecutedAndOneThatPutMayBe) {
  const auto asked = erase("a");
  wait_out(*asked, [&] {
    while (!peers.asked.empty()) peers.take("get").done(Error{ErrorKind::refused, "nobody listens"});
  });
  EXPECT_EQ(of_erase(*asked), Kind::not_executed);
  const auto put = erase("a");
  answer_get("apple");
  peers.take("put").done(std::string());
  answer_get("apple");
  EXPECT_EQ(of_erase(*put), Kind::unavailable) << "it would not be known whether it had been there";
}

// --- batches ---------------------------------------------------------------------------------------------------------

TEST_F(StoreOutcome, ABatchThatNobodyTookIsNotExecuted) {
  own(kOther, {{"b", kThird}});
  const auto call = write_many({{"a", "apple"}, {"b", "banana"}});
  wait_out(*call, [&] {
    while (!peers.asked.empty()) peers.take("write_here").done(Error{ErrorKind::refused, "nobody listens"});
  });
  EXPECT_EQ(of_write_many(*call), Kind::not_executed);
}

TEST_F(StoreOutcome, ABatchOfWhichOneKeyWasWrittenIsUnavailable) {
  own(kSelf, {{"b", kOther}});
  const auto call = write_many({{"a", "apple"}, {"b", "banana"}});
  EXPECT_EQ(value_of("a"), "apple");
  wait_out(*call, [&] {
    while (!peers.asked.empty()) peers.take("write_here").done(Error{ErrorKind::refused, "nobody listens"});
  });
  EXPECT_EQ(of_write_many(*call), Kind::unavailable);
}

TEST_F(StoreOutcome, ABatchOfWhichOnePartMayHaveBeenExecutedIsUnavailable) {
  own(kOther, {{"b", kThird}});
  for (const auto kind : {ErrorKind::timed_out, ErrorKind::closed}) {
    const auto call = erase_many({"a", "b"});
    peers.take("erase_here", kThird).done(Error{kind, "away"});
    wait_out(*call, [&] {
      while (!peers.asked.empty()) peers.take("erase_here").done(Error{ErrorKind::refused, "nobody listens"});
    });
    EXPECT_EQ(of_erase_many(*call), Kind::unavailable) << to_text(kind);
  }
}

TEST_F(StoreOutcome, ABatchWhoseTimeIsOverIsNotAskedForAnywhere) {
  own(kOther);
  wire::Store_write_many_args args;
  args.items.emplace_back();
  FakeCall call("write_many", args, in(10ms));
  call.dispatch(methods);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(of_write_many(call), Kind::not_executed);
}

TEST_F(StoreOutcome, APartIsExecutedUnlessItsNodeSaysThatItWasNot) {
  own(kOther);
  const auto answer_with = [&](const std::string& text) {
    const auto call = erase_many({"a"});
    wait_out(*call, [&] {
      while (!peers.asked.empty()) peers.take("erase_here").done(exception_with(text));
    });
    return of_erase_many(*call);
  };
  for (const std::string_view prefix :
       {kDrainingPrefix, kDisabledPrefix, kUnknownPrefix, kOverloadedPrefix, kNotExecutedPrefix}) {
    EXPECT_EQ(answer_with(std::string(prefix) + "why"), Kind::not_executed) << prefix;
  }
  EXPECT_EQ(answer_with("out of memory"), Kind::unavailable);
}

}  // namespace
}  // namespace p2p::diststore
