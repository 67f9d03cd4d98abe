// Calls for keys that have not arrived here, or whose owner changes right now.
#include "store_calls.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

// --- a node that owns nothing yet ------------------------------------------------------------------------------------

TEST_F(StoreMethods, ANodeThatHasJustJoinedLetsCallsWait) {
  be_established(false);
  const auto written = write("a", "apple");
  const auto got_back = get("a");
  EXPECT_TRUE(written->is_kept);
  EXPECT_TRUE(written->reply.empty());
  EXPECT_EQ(value_of("a"), std::nullopt);
  strand->advance(kShortPause);
  EXPECT_TRUE(written->reply.empty());
  EXPECT_EQ(written->dispatched_again, 1);
  be_established(true);
  strand->advance(kShortPause);
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(written->reply).ok());
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(got(*got_back), "apple");
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(StoreMethods, APutToANodeThatHasJustJoinedIsKept) {
  be_established(false);
  put("a", "apple");
  EXPECT_EQ(value_of("a"), "apple") << "nobody would hear that it has waited in vain";
  EXPECT_EQ(classic->kept_puts->count(), 1);
  own(kOther);
  put("b", "banana");
  EXPECT_EQ(value_of("b"), "banana") << "whoever is to have it";
  EXPECT_EQ(classic->kept_puts->count(), 2);
  be_established(true);
  const auto call = put("c", "cherry");
  EXPECT_EQ(call->forwarded_to, std::vector<NodeAddress>{kOther});
  EXPECT_EQ(classic->kept_puts->count(), 2);
}

TEST_F(StoreMethods, WhatIsWrittenBehindAKeptPutIsNewer) {
  be_established(false);
  const auto written = write("a", "newer");
  put("a", "apple");
  be_established(true);
  strand->advance(kShortPause);
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(written->reply).ok());
  EXPECT_EQ(value_of("a"), "newer");
}

TEST_F(StoreMethods, ACallDoesNotWaitBeyondItsTime) {
  be_established(false);
  const auto call = read("a");
  strand->advance(5s);
  const auto reply = decode_reply<wire::Store_read_result>(call->reply);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(kind_of(reply.value().error), wire::StoreErrorKind::not_executed);
  EXPECT_EQ(reply.value().error.message, "this node has just joined");
}

TEST_F(StoreMethods, ANodeThatHasJustJoinedPassesOnWhatIsNotIts) {
  own(kSelf, {{"b", kOther}});
  be_established(false);
  EXPECT_EQ(read("b")->forwarded_to, std::vector<NodeAddress>{kOther});
}

TEST_F(StoreMethods, ABatchWaitsForANodeThatHasJustJoined) {
  be_established(false);
  const auto call = write_many({{"a", "apple"}, {"b", "banana"}});
  EXPECT_TRUE(call->reply.empty());
  EXPECT_EQ(value_of("a"), std::nullopt);
  be_established(true);
  strand->advance(kShortPause);
  EXPECT_EQ(decode_reply<wire::Store_write_many_result>(call->reply).value().success.size(), 2u);
  EXPECT_EQ(value_of("b"), "banana");
}

TEST_F(StoreMethods, ANodeThatHasJustJoinedDoesNothingForAnotherOnesBatch) {
  hold("a", "apple");
  be_established(false);
  wire::StorePeer_read_here_args args;
  args.keys = {"a", "b"};
  const auto part = decode_reply<wire::StorePeer_read_here_result>(dispatch("read_here", args)->reply);
  EXPECT_EQ(part.value().success.undone, (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(part.value().success.results.at(0).value, "");
  EXPECT_TRUE(peers.asked.empty());
}

// --- a ring that changes under a call --------------------------------------------------------------------------------

// The engine is fenced a moment before the new ownership snapshot can be read.
TEST_F(StoreMethods, ACallWhoseProofHasJustEndedScansAgain) {
  for (const char* method : {"read", "write", "erase"}) {
    hold("a", "apple");
    classic->local->engine().fence(view_version() + 1);
    FakeCall call = [&] {
      wire::Store_read_args reads;
      wire::Store_write_args writes;
      wire::Store_erase_args erases;
      reads.key = writes.key = erases.key = "a";
      writes.value = "apricot";
      const TimePoint deadline = in(5s);
      if (method == std::string("read")) return FakeCall(method, reads, deadline);
      if (method == std::string("write")) return FakeCall(method, writes, deadline);
      return FakeCall(method, erases, deadline);
    }();
    call.before_dispatch_again = [&] { own(kSelf); };
    call.dispatch(methods);
    EXPECT_EQ(call.dispatched_again, 1) << method;
    EXPECT_TRUE(call.is_kept) << method;
    EXPECT_FALSE(call.reply.empty()) << method;
  }
  EXPECT_EQ(value_of("a"), std::nullopt) << "the erase came last";
}

TEST_F(StoreMethods, ACallWhoseKeyHasJustGoneToAnotherNodeIsPassedOn) {
  hold("a", "apple");
  classic->local->engine().fence(view_version() + 1);
  wire::Store_write_args args;
  args.key = "a";
  args.value = "apricot";
  FakeCall call("write", args, in(5s));
  call.before_dispatch_again = [&] { own(kOther); };
  call.dispatch(methods);
  EXPECT_EQ(call.forwarded_to, std::vector<NodeAddress>{kOther});
  EXPECT_EQ(value_of("a"), "apple");
}

TEST_F(StoreMethods, ABatchWhoseProofsHaveJustEndedIsDealtAgain) {
  classic->local->engine().fence(view_version() + 1);
  const auto call = write_many({{"a", "apple"}});
  EXPECT_TRUE(call->reply.empty());
  EXPECT_EQ(value_of("a"), std::nullopt);
  own(kSelf);
  strand->advance(kShortPause);
  EXPECT_EQ(decode_reply<wire::Store_write_many_result>(call->reply).value().success.size(), 1u);
  EXPECT_EQ(value_of("a"), "apple") << "its value has waited too";
}

TEST_F(StoreMethods, APartWhoseProofsHaveJustEndedIsUndone) {
  classic->local->engine().fence(view_version() + 1);
  wire::StorePeer_erase_here_args args;
  args.keys = {"a"};
  const auto part = decode_reply<wire::StorePeer_erase_here_result>(dispatch("erase_here", args)->reply);
  EXPECT_EQ(part.value().success.undone, (std::vector<std::int32_t>{0}));
}

// --- keys that have not arrived --------------------------------------------------------------------------------------

class UnconfirmedKeys : public StoreMethods {
 protected:
  UnconfirmedKeys() {
    work_by(locator->ring_of({kSelf, kOther}));
    classic->classics->note_ours(kOther);
    await_keys(view_version(), {kOther});
  }
};

TEST_F(UnconfirmedKeys, AReadFetchesTheValueFirst) {
  const auto call = read("a");
  EXPECT_TRUE(call->is_kept);
  EXPECT_TRUE(call->reply.empty());
  EXPECT_EQ(peers.asked.front().to, kOther);
  yield("a", "apple", {5, 9});
  EXPECT_EQ(call->dispatched_again, 1);
  EXPECT_EQ(read_of(*call).value, "apple");
  EXPECT_EQ(from_wire(read_of(*call).version), (Version{5, 9}));
  EXPECT_EQ(read_of(*read("a")).value, "apple") << "and not again";
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(UnconfirmedKeys, AKeyThatNobodyHoldsIsMissing) {
  const auto call = read("a");
  yield("a", "", {});
  EXPECT_FALSE(read_of(*call).found);
  const auto got_back = get("a");
  EXPECT_EQ(got(*got_back), "");
  EXPECT_TRUE(peers.asked.empty()) << "that is known by now";
}

TEST_F(UnconfirmedKeys, AnOlderValueThatLiesHereIsNotAnswered) {
  hold("a", "older", {4, 9});
  const auto call = get("a");
  yield("a", "newer", {5, 9});
  EXPECT_EQ(got(*call), "newer");
}

TEST_F(UnconfirmedKeys, AWriteGoesAboveWhatIsFetched) {
  const Version far_ahead{stamp_of(std::uint64_t{1} << 46), 9};
  const auto call = write("a", "apricot");
  EXPECT_FALSE(stored("a"));
  yield("a", "apple", far_ahead);
  const auto written = decode_reply<wire::Store_write_result>(call->reply);
  EXPECT_EQ(from_wire(written.value().success.version).stamp, far_ahead.stamp + 1);
  EXPECT_EQ(value_of("a"), "apricot");
}

TEST_F(UnconfirmedKeys, AnEraseTellsWhetherThereWasAValueAnywhere) {
  const auto call = erase("a");
  yield("a", "apple", {5, 9});
  EXPECT_TRUE(decode_reply<wire::Store_erase_result>(call->reply).value().success.found);
  const auto nothing = erase("b");
  yield("b", "", {});
  EXPECT_FALSE(decode_reply<wire::Store_erase_result>(nothing->reply).value().success.found);
}

TEST_F(UnconfirmedKeys, APutFetchesTheValueFirstToo) {
  const auto call = put("a", "apricot");
  EXPECT_EQ(value_of("a"), std::nullopt);
  yield("a", "apple", {5, 9});
  EXPECT_EQ(value_of("a"), "apricot");
}

// A member of the 2009 system that has not heard of this node yet gives what this one gains later, by puts.
class JoinedBeside2009 : public UnconfirmedKeys {
 protected:
  JoinedBeside2009() { classic->classics->remember(kOther); }
};

TEST_F(JoinedBeside2009, AKeyIsNotMissingBeforeItIsPut) {
  const auto call = read("a");
  const auto written = write("a", "newer");
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_TRUE(call->reply.empty());
  put("a", "apple");
  EXPECT_EQ(value_of("a"), "apple");
  strand->advance(kShortPause);
  EXPECT_EQ(read_of(*call).value, "apple");
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(written->reply).ok());
  EXPECT_EQ(value_of("a"), "newer");
}

// Perhaps the node itself asks: it has nothing else under way then, and is not to be kept waiting.
TEST_F(JoinedBeside2009, AClassicGetDoesNotWaitForIt) {
  const auto call = get("a");
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_TRUE(call->failure.starts_with(kNotExecutedPrefix)) << call->failure;
  wire::Store_get_args args;
  args.key = "a";
  const auto passed_on = dispatch("get", args, 1);
  EXPECT_TRUE(passed_on->failure.empty()) << "by one of ours, which can wait";
  put("a", "apple");
  strand->advance(kShortPause);
  EXPECT_EQ(got(*passed_on), "apple");
  EXPECT_EQ(got(*get("a")), "apple");
}

TEST_F(JoinedBeside2009, AnEmptyPutErasesNothingThatWasWrittenMeanwhile) {
  put("a", "apple");
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(write("a", "newer")->reply).ok());
  put("a", "");
  EXPECT_EQ(value_of("a"), "newer");
}

TEST_F(JoinedBeside2009, ItIsMissingWhenTheNodeHasGivenAll) {
  const auto call = read("a");
  await_no_keys();
  strand->advance(kShortPause);
  EXPECT_FALSE(read_of(*call).found);
}

// It may have been asked for the key while that was on its way to it.
TEST_F(JoinedBeside2009, ThatItDoesNotHaveAKeyErasesNothing) {
  hold("a", "apple", {5, 9});
  put("a", "");
  EXPECT_EQ(value_of("a"), "apple");
  be_established(false);
  put("a", "");
  EXPECT_EQ(value_of("a"), "apple");
  be_established(true);
  await_no_keys();
  put("a", "");
  EXPECT_EQ(value_of("a"), std::nullopt) << "a client's";
}

TEST_F(JoinedBeside2009, WhatItPutsHereForAnotherOneIsKept) {
  work_by(std::make_shared<RankedRing>(kSelf, Ranks{{"b", {kThird}}}, std::vector{kSelf, kOther, kThird}));
  const auto call = put("b", "banana");
  EXPECT_TRUE(call->forwarded_to.empty());
  EXPECT_EQ(value_of("b"), "banana");
}

TEST_F(UnconfirmedKeys, WhatWasWrittenHereIsAnsweredWithoutAQuestion) {
  hold("a", "apple");
  EXPECT_EQ(read_of(*read("a")).value, "apple");
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(UnconfirmedKeys, WhenTheFormerOwnerCannotAnswerTheCallTriesAgain) {
  const auto call = read("a");
  peers.take("pull").done(Error{ErrorKind::timed_out, "busy"});
  EXPECT_TRUE(call->reply.empty());
  EXPECT_EQ(call->dispatched_again, 0) << "not at once";
  strand->advance(kShortPause);
  EXPECT_EQ(call->dispatched_again, 1);
  yield("a", "apple", {5, 9});
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(UnconfirmedKeys, NobodyIsAskedForLongerThanTheCallHasTime) {
  wire::Store_write_args args;
  args.key = "a";
  args.value = "apricot";
  FakeCall call("write", args, in(200ms));
  call.dispatch(methods);
  const Asked asked = peers.take("pull");
  EXPECT_EQ(asked.deadline, 200ms - kAnswerMargin);
  strand->advance(asked.deadline);
  asked.done(Error{ErrorKind::timed_out, "busy"});
  EXPECT_EQ(kind_of(decode_reply<wire::Store_write_result>(call.reply).value().error),
            wire::StoreErrorKind::not_executed);
  FakeCall late("write", args, in(kAnswerMargin));
  late.dispatch(methods);
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(UnconfirmedKeys, AKeyThatIsNotToBeHadIsAnErrorAndNotMissing) {
  const auto call = read("a");
  while (!peers.asked.empty()) {
    peers.take("pull").done(Error{ErrorKind::refused, "nobody listens"});
    strand->advance(kLongPause);
  }
  const auto reply = decode_reply<wire::Store_read_result>(call->reply);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(kind_of(reply.value().error), wire::StoreErrorKind::not_executed);
  EXPECT_EQ(reply.value().error.message, "the key has not arrived from its former owner");
}

TEST_F(UnconfirmedKeys, ABatchFetchesWhatHasNotArrived) {
  hold("b", "banana");
  const auto call = read_many({"a", "b"});
  EXPECT_TRUE(call->reply.empty());
  yield("a", "apple", {5, 9});
  strand->advance(kShortPause);
  const auto reply = decode_reply<wire::Store_read_many_result>(call->reply);
  ASSERT_EQ(reply.value().success.size(), 2u);
  EXPECT_EQ(reply.value().success[0].value, "apple");
  EXPECT_EQ(reply.value().success[1].value, "banana");
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(UnconfirmedKeys, ABatchWaitsForTheFetchBeforeItDealsAgain) {
  const auto call = write_many({{"a", "apricot"}});
  strand->advance(kLongPause);
  EXPECT_EQ(peers.asked.size(), 1u) << "one question at a time";
  yield("a", "apple", {stamp_of(std::uint64_t{1} << 46), 9});
  strand->advance(kShortPause);
  EXPECT_EQ(decode_reply<wire::Store_write_many_result>(call->reply).value().success.size(), 1u);
  EXPECT_EQ(value_of("a"), "apricot");
}

TEST_F(UnconfirmedKeys, APartLeavesUndoneWhatHasNotArrivedAndFetchesIt) {
  hold("b", "banana");
  wire::StorePeer_read_here_args args;
  args.keys = {"a", "b"};
  const auto part = decode_reply<wire::StorePeer_read_here_result>(dispatch("read_here", args)->reply);
  EXPECT_EQ(part.value().success.undone, (std::vector<std::int32_t>{0}));
  EXPECT_EQ(part.value().success.results.at(1).value, "banana");
  yield("a", "apple", {5, 9});
  const auto again = decode_reply<wire::StorePeer_read_here_result>(dispatch("read_here", args)->reply);
  EXPECT_TRUE(again.value().success.undone.empty());
  EXPECT_EQ(again.value().success.results.at(0).value, "apple");
}

}  // namespace
}  // namespace p2p::diststore
