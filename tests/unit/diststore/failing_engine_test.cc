// What becomes of calls and of keys on the move when this node's own engine cannot do something, as one on a disk may
// not? Whoever asked is told why, nothing is lost, and what can wait is tried again.
#include "classic/peer_transfer.h"
#include "classic/tombstone_collector.h"
#include "fake_engine.h"
#include "rebalancer_fixture.h"
#include "store_calls.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;
using Kind = wire::StoreErrorKind;
using Verb = FakeEngine::Verb;

const Error kNothingDone{ErrorKind::local, "the disk is full"};
const Error kMayBeDone{ErrorKind::internal, "the disk has failed"};

// --- calls -----------------------------------------------------------------------------------------------------------

class CallsWithFailingEngine : public StoreMethods {
 protected:
  CallsWithFailingEngine() : StoreMethods(std::make_unique<FakeEngine>()) {}

  template <class GeneratedResult>
  static std::pair<int, std::string> error_of(const FakeCall& call) {
    const auto reply = decode_reply<GeneratedResult>(call.reply);
    if (!reply.ok() || !reply.value().__isset.error) return {};
    return {reply.value().error.kind, reply.value().error.message};
  }
  using KindAndText = std::pair<int, std::string>;

  FakeEngine& engine = static_cast<FakeEngine&>(classic->local->engine());
};

TEST_F(CallsWithFailingEngine, WhatTheEngineHasNotDoneIsNotExecutedAndSaysWhy) {
  hold("a", "apple");
  engine.fail(Verb::get, kNothingDone);
  engine.fail(Verb::apply, kNothingDone);
  const KindAndText expected{Kind::not_executed, "this node's engine: the disk is full"};
  EXPECT_EQ(error_of<wire::Store_read_result>(*read("a")), expected);
  EXPECT_EQ(error_of<wire::Store_write_result>(*write("a", "apricot")), expected);
  EXPECT_EQ(error_of<wire::Store_erase_result>(*erase("a")), expected);
  EXPECT_TRUE(get("a")->failure.starts_with(kNotExecutedPrefix))
      << "and not \"\", which says that there is no such key";
  EXPECT_TRUE(log.has(LogLevel::warn, "write failed: this node's engine: the disk is full"));
  engine.mend();
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(read_of(*read("a")).value, "apple");
}

TEST_F(CallsWithFailingEngine, AChangeThatMayHaveBeenMadeIsUnavailableAndAReadIsNot) {
  engine.fail(Verb::get, kMayBeDone);
  engine.fail(Verb::apply, kMayBeDone);
  EXPECT_EQ(error_of<wire::Store_write_result>(*write("a", "apple")).first, Kind::unavailable);
  EXPECT_EQ(error_of<wire::Store_erase_result>(*erase("a")).first, Kind::unavailable);
  EXPECT_EQ(error_of<wire::Store_read_result>(*read("a")).first, Kind::not_executed);
}

TEST_F(CallsWithFailingEngine, WhoPassedTheCallOnIsToldWhetherItMayHaveBeenDone) {
  engine.fail(Verb::apply, kNothingDone);
  const auto undone = write("a", "apple", kHopsMax);
  EXPECT_TRUE(undone->failure.starts_with(kNotExecutedPrefix)) << undone->failure;
  EXPECT_FALSE(undone->is_outcome_unknown);
  engine.fail(Verb::apply, kMayBeDone);
  EXPECT_TRUE(write("a", "apple", kHopsMax)->is_outcome_unknown) << "the host then changes the prefix";
}

TEST_F(CallsWithFailingEngine, APutIsLogged) {
  engine.fail(Verb::apply, kNothingDone);
  put("a", "apple");
  EXPECT_TRUE(log.has(LogLevel::warn, "put failed: this node's engine: the disk is full"));
}

TEST_F(CallsWithFailingEngine, APutThatCannotBeKeptIsPassedOnToItsOwner) {
  own(kOther);
  classic->kept_puts->keep_all();
  engine.fail(Verb::apply, kNothingDone);
  EXPECT_EQ(put("a", "apple")->forwarded_to, std::vector<NodeAddress>{kOther});
  EXPECT_TRUE(log.has(LogLevel::warn, "keeping a put failed: this node's engine: the disk is full"));
}

TEST_F(CallsWithFailingEngine, ABatchIsNotExecutedUnlessSomeOfItWasDone) {
  engine.fail(Verb::get, kNothingDone);
  engine.fail(Verb::apply, kNothingDone);
  const KindAndText expected{Kind::not_executed, "this node's engine: the disk is full"};
  EXPECT_EQ(error_of<wire::Store_read_many_result>(*read_many({"a", "b"})), expected);
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*write_many({{"a", "1"}, {"b", "2"}})), expected);
  EXPECT_EQ(error_of<wire::Store_erase_many_result>(*erase_many({"a", "b"})), expected);
  engine.fail(Verb::apply, kNothingDone, 1);
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*write_many({{"a", "1"}, {"b", "2"}})).first, Kind::unavailable);
  engine.fail(Verb::apply, kMayBeDone);
  EXPECT_EQ(error_of<wire::Store_erase_many_result>(*erase_many({"a", "b"})).first, Kind::unavailable);
}

TEST_F(CallsWithFailingEngine, ThePartOfABatchFailsAsAWhole) {
  wire::StorePeer_erase_here_args args;
  args.keys = {"a", "b"};
  hold("a", "apple");
  engine.fail(Verb::apply, kNothingDone);
  EXPECT_TRUE(dispatch("erase_here", args, kHopsMax)->failure.starts_with(kNotExecutedPrefix));
  engine.fail(Verb::apply, kNothingDone, 1);
  EXPECT_EQ(dispatch("erase_here", args, kHopsMax)->failure, "this node's engine: the disk is full") << "a is erased";
}

TEST_F(CallsWithFailingEngine, WhatComesBackFromANodeOfThe2009SystemIsNotMissing) {
  hold("a", "apple");
  engine.fail(Verb::copy, kNothingDone);
  classic->classics->begin_check("a");
  EXPECT_TRUE(get("a")->failure.starts_with(kNotExecutedPrefix));
}

TEST_F(CallsWithFailingEngine, AKeyThatIsFetchedAndCannotBeTakenIsFetchedAgain) {
  await_keys(view_version(), {kOther});
  const auto call = read("a");
  engine.fail(Verb::apply, kNothingDone);
  yield("a", "apple", {5, 9});
  EXPECT_TRUE(call->reply.empty());
  EXPECT_TRUE(log.has(LogLevel::warn, "fetch failed: this node's engine: the disk is full"));
  engine.mend();
  strand->advance(kShortPause);
  yield("a", "apple", {5, 9});
  EXPECT_EQ(read_of(*call).value, "apple");
}

// --- keys on the move ------------------------------------------------------------------------------------------------

class RebalancerWithFailingEngine : public RebalancerTest {
 protected:
  RebalancerWithFailingEngine() : RebalancerTest(std::make_unique<FakeEngine>()) {
    add_transfer_methods(methods, classic, rebalancer, receipts);
  }
  template <class GeneratedResult, class Args>
  auto ask(const std::string& method, const Args& args) {
    FakeCall call(method, args, in(5s));
    call.dispatch(methods);
    return decode_reply<GeneratedResult>(call.reply).value().success;
  }
  bool is_handed_over() const { return rebalancer->is_handed_over(view_version()); }

  FakeEngine& engine = static_cast<FakeEngine&>(classic->local->engine());
  Methods methods;
};

TEST_F(RebalancerWithFailingEngine, WhatAScanHasMetIsMovedAndTheRestWhenItCanBeRead) {
  hold_large_keys(4);
  engine.fail(Verb::scan, kNothingDone, 2);
  move_to(kOther);
  EXPECT_LE(confirm_all(), 2u);
  EXPECT_FALSE(is_handed_over());
  EXPECT_TRUE(log.has(LogLevel::warn, "a scan for keys of others failed: this node's engine: the disk is full"));
  engine.mend();
  strand->advance(1s);
  confirm_all();
  EXPECT_EQ(keys_here(), 0u);
  EXPECT_TRUE(is_handed_over());
}

TEST_F(RebalancerWithFailingEngine, AScanThatFailsIsNotRepeatedWithoutAPause) {
  hold_large_keys(1);
  engine.fail(Verb::scan, kNothingDone);
  move_to(kOther);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_FALSE(is_handed_over());
  engine.mend();
  run();
  EXPECT_TRUE(peers.asked.empty());
  strand->advance(20ms);
  EXPECT_EQ(confirm_all(), 1u);
}

TEST_F(RebalancerWithFailingEngine, WhatCannotBeDeletedIsSentOnceMore) {
  hold("a", "apple");
  engine.fail(Verb::apply, kNothingDone);
  move_to(kOther);
  confirm_all();
  EXPECT_FALSE(is_handed_over());
  EXPECT_EQ(keys_here(), 1u);
  engine.mend();
  strand->advance(1s);
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_EQ(keys_here(), 0u);
  EXPECT_TRUE(is_handed_over());
}

TEST_F(RebalancerWithFailingEngine, WhoGivesUpSaysThatItDoesNotKnowWhatIsLeft) {
  hold("a", "apple");
  own(kOther);
  engine.fail(Verb::scan, kNothingDone);
  EXPECT_EQ(rebalancer->give_up(),
            std::vector<std::string>{"an unknown number of keys: this node's engine: the disk is full"});
}

TEST_F(RebalancerWithFailingEngine, AnItemThatCannotBeTakenStaysWithItsDonor) {
  engine.fail(Verb::apply, kNothingDone);
  wire::StorePeer_transfer_args args;
  args.items.emplace_back();
  args.items.back().key = "a";
  args.items.back().version = to_wire({5, 9});
  args.head.donor = kOther.name();
  EXPECT_EQ(ask<wire::StorePeer_transfer_result>("transfer", args).undone, std::vector<std::int32_t>{0});
}

TEST_F(RebalancerWithFailingEngine, WhatCannotBeLookedUpIsNotYielded) {
  own(kOther);
  wire::StorePeer_pull_args args;
  args.keys = {"a"};
  EXPECT_TRUE(ask<wire::StorePeer_pull_result>("pull", args).at(0).yielded);
  engine.fail(Verb::copy, kNothingDone);
  EXPECT_FALSE(ask<wire::StorePeer_pull_result>("pull", args).at(0).yielded);
}

TEST_F(RebalancerWithFailingEngine, ErasedKeysThatCannotBeForgottenAreForgottenLater) {
  const auto watch = std::make_shared<RingWatch>(log, strand, classic);
  const auto tombstone_collector = std::make_shared<TombstoneCollector>(strand, classic, watch, rebalancer);
  publish(OwnershipSnapshot{kSelf, 0, false, locator->ring_of({}), {}, {}});
  watch->ring_changed(locator->ring_of({kSelf}));
  watch->joined({});
  strand->run_posted();
  rescan();
  ASSERT_TRUE(is_handed_over());
  hold("a", "", {stamp_of(1'000), 1}, true);
  tombstone_collector->start();
  engine.fail(Verb::scan, kNothingDone);
  strand->advance(60s);
  EXPECT_TRUE(log.has(LogLevel::warn, "forgetting erased keys failed: this node's engine: the disk is full"));
  engine.mend();
  EXPECT_TRUE(stored("a"));
  strand->advance(60s);
  EXPECT_FALSE(stored("a"));
  tombstone_collector->stop();
  watch->stop();
  run();
}

TEST_F(RebalancerWithFailingEngine, ANodeOfThe2009SystemIsGivenNothingThatCannotBeLookedUp) {
  hold("a", "apple");
  classic->classics->remember(kOther);
  own(kOther);
  engine.fail(Verb::copy, kNothingDone);
  rescan();
  peers.take("ping").done(std::string());
  run();
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_TRUE(
      log.has(LogLevel::warn, "1 keys for 127.0.0.1:9901 stay here for now: this node's engine: the disk is full"));
  engine.mend();
  EXPECT_EQ(value_of("a"), "apple");
}

}  // namespace
}  // namespace p2p::diststore
