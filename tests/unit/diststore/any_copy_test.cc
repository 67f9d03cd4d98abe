// Reads that any copy may answer on the path of a call (docs/decisions/0040): which copy does, how old it says to be,
// and who is asked where it cannot.
#include "agreed_calls.h"

#include <chrono>

namespace p2p::diststore::agreed {
namespace {

using namespace std::chrono_literals;

// This node is no primary. It has copies in sync of all partitions, and last knew 40 ms ago that its map, of epoch 5,
// was the newest.
class AnyCopy : public AgreedCalls {
 protected:
  AnyCopy() {
    serve(0);
    ring->copies = {kOther, kSelf};
    locator->ring = ring;
    for (Partition partition = 0; partition < kPartitions; ++partition) replicas->copy_gate.open(partition, 9, 9);
    replicas->copy_gate.follow(5);
    replicas->newest = {.epoch = 5, .at = store->retries->now() - 40ms};
  }
  std::unique_ptr<FakeCall> read_any(std::string key, std::uint32_t hops = 0) {
    wire::Store_read_args args;
    args.key = std::move(key);
    args.options.__set_any_copy(true);
    return dispatch("read", args, hops);
  }
  std::unique_ptr<FakeCall> read_many_any(std::vector<std::string> keys) {
    wire::Store_read_many_args args;
    args.keys = std::move(keys);
    args.options.__set_any_copy(true);
    return dispatch("read_many", args);
  }
  static Partition partition_of_key(const std::string& key) { return KeyPlace::of(key).partition; }
  // Not answered here: the owner is asked.
  void expect_asks_the_owner(const std::string& key) {
    FakeCall& call = stay(read_any(key));
    EXPECT_EQ(call.forwarded_to, std::vector{kOther});
    EXPECT_TRUE(call.reply.empty());
  }

  const std::shared_ptr<FakeRing> ring = std::make_shared<FakeRing>(kOther);
};

TEST_F(AnyCopy, ACopyAnswersAndSaysHowOldItMayBe) {
  keep("a", "apple", {3, 7});
  const auto found = read_of(*read_any("a"));
  EXPECT_EQ(found.value, "apple");
  EXPECT_EQ(found.version, to_wire(replication::stored({3, 7})));
  EXPECT_EQ(found.stale_ms_max, 40);
  const auto missing = read_of(*read_any("b"));
  EXPECT_FALSE(missing.found);
  EXPECT_EQ(missing.stale_ms_max, 40);
}

TEST_F(AnyCopy, AReadWithoutTheOptionAsksTheOwner) {
  keep("a", "apple");
  FakeCall& call = stay(read("a"));
  EXPECT_EQ(call.forwarded_to, std::vector{kOther});
}

TEST_F(AnyCopy, TheAgeGrowsAndIsRoundedUp) {
  keep("a", "apple");
  strand->advance(300ms);
  EXPECT_EQ(read_of(*read_any("a")).stale_ms_max, 340);
  replicas->newest.at = store->retries->now() - 1us;
  EXPECT_EQ(read_of(*read_any("a")).stale_ms_max, 1);
  replicas->newest.at = store->retries->now();
  EXPECT_EQ(read_of(*read_any("a")).stale_ms_max, 1) << "0 is the owner's";
}

TEST_F(AnyCopy, ACopyThatCannotSayHowOldItIsDoesNotAnswer) {
  keep("a", "apple");
  replicas->newest.at = store->retries->now() - kStaleMax;
  EXPECT_EQ(read_of(*read_any("a")).stale_ms_max, 1500);
  replicas->newest.at -= 1ns;
  expect_asks_the_owner("a");
  replicas->newest.at = TimePoint::min();
  expect_asks_the_owner("a");
}

TEST_F(AnyCopy, ACopyThatDoesNotFollowTheNewestMapYetDoesNotAnswer) {
  keep("a", "apple");
  replicas->newest.epoch = 6;
  expect_asks_the_owner("a");
  replicas->copy_gate.follow(6);
  EXPECT_EQ(read_of(*read_any("a")).value, "apple");
  replicas->copy_gate.follow(7);
  EXPECT_EQ(read_of(*read_any("a")).value, "apple") << "a newer one will do";
}

TEST_F(AnyCopy, WhatIsNotKnownToBeCommittedIsNotShown) {
  keep("a", "apple", {3, 9});
  keep("b", "banana", {3, 10});
  replicas->copy_gate.announce(partition_of_key("b"), 10);
  replicas->copy_gate.announce(partition_of_key("c"), 10);
  EXPECT_EQ(read_of(*read_any("a")).value, "apple");
  expect_asks_the_owner("b");
  expect_asks_the_owner("c");  // it may be missing by an erase
  replicas->copy_gate.commit(partition_of_key("b"), 10);
  EXPECT_EQ(read_of(*read_any("b")).value, "banana");
}

TEST_F(AnyCopy, AnExpiredValueIsNotShown) {
  EXPECT_TRUE(replicas->values->apply_one(Change::set("a", "apple", {3, 1}, replicas->wall + 20)).ok());
  EXPECT_EQ(read_of(*read_any("a")).ttl_left_ms, 20);
  replicas->wall += 20;
  expect_asks_the_owner("a");
}

TEST_F(AnyCopy, WhereThereIsNoCopyInSyncOthersAreAskedInTurn) {  // a learner's, or none
  keep("a", "apple");
  replicas->copy_gate.close(partition_of_key("a"));
  expect_asks_the_owner("a");  // this node is among those in sync, but cannot answer yet
  ring->copies = {kOther, kThird};
  std::vector<NodeAddress> asked;
  for (int times = 0; times < 4; ++times) asked.push_back(stay(read_any("a")).forwarded_to.at(0));
  EXPECT_EQ(asked, (std::vector{kOther, kThird, kOther, kThird}));
}

TEST_F(AnyCopy, WhereTheOtherCopyCannotAnswerTheOwnerIsAskedAtOnce) {
  replicas->copy_gate.close(partition_of_key("a"));
  ring->copies = {kThird};
  FakeCall& call = stay(read_any("a"));
  EXPECT_EQ(call.forwarded_to, std::vector{kThird});
  call.fail_forward(ErrorKind::not_found);
  EXPECT_EQ(call.forwarded_to, (std::vector{kThird, kOther}));
}

TEST_F(AnyCopy, WhatAnotherNodeHasForwardedIsAnsweredOrGivenBack) {
  keep("a", "apple");
  EXPECT_EQ(read_of(*read_any("a", 1)).stale_ms_max, 40);
  replicas->copy_gate.close(partition_of_key("a"));
  ring->copies = {kOther, kThird};
  const auto returned = read_any("a", 1);
  EXPECT_TRUE(returned->forwarded_to.empty());
  EXPECT_TRUE(returned->reply.empty());
}

TEST_F(AnyCopy, AChangeOfTheCopyMeanwhileIsNoticed) {
  keep("a", "apple");
  replicas->before_read = [this] {
    replicas->copy_gate.close(partition_of_key("a"));
    replicas->copy_gate.open(partition_of_key("a"), 9, 9);
  };
  expect_asks_the_owner("a");
}

TEST_F(AnyCopy, HowOldItIsIsJudgedByWhatWasKnownBeforeTheValueWasRead) {
  keep("a", "apple");
  replicas->before_read = [this] { replicas->newest.at = store->retries->now(); };
  EXPECT_EQ(read_of(*read_any("a")).stale_ms_max, 40);
}

TEST_F(AnyCopy, ThePrimaryAnswersAsItDoesWithoutTheOption) {
  locator->ring = std::make_shared<FakeRing>(kSelf);
  serve(kTerm);
  keep("a", "apple");
  EXPECT_FALSE(read_of(*read_any("a")).__isset.stale_ms_max);
  EXPECT_EQ(read_of(*read_any("a")).value, "apple");
  replicas->lease = TimePoint::min();
  EXPECT_TRUE(is_open(stay(read_any("a")))) << "not without its lease";
}

TEST_F(AnyCopy, ABatchAnswersWhatCopiesHereCanAndAsksTheOwnersForTheRest) {
  keep("a", "apple", {3, 9});
  keep("b", "banana", {3, 10});
  replicas->copy_gate.announce(partition_of_key("b"), 10);
  const auto reading = read_many_any({"a", "b"});
  wire::ReadPart part;
  part.results.resize(1);
  part.results[0].found = true;
  part.results[0].__set_value("blueberry");
  const Asked asked = peers.take("read_here");
  EXPECT_EQ(Arguments<wire::StorePeer_read_here_args>(asked)->keys, std::vector<std::string>{"b"});
  strand->advance(300ms);
  asked.done(reply_with<wire::StorePeer_read_here_result>("read_here", part));
  const auto results = decode_reply<wire::Store_read_many_result>(reading->reply).value().success;
  EXPECT_EQ(results[0].value, "apple");
  EXPECT_EQ(results[0].stale_ms_max, 340) << "as old as it is when the batch is answered";
  EXPECT_EQ(results[1].value, "blueberry");
  EXPECT_FALSE(results[1].__isset.stale_ms_max);
  const auto all_here = read_many_any({"a", "a"});
  EXPECT_EQ(decode_reply<wire::Store_read_many_result>(all_here->reply).value().success[1].value, "apple");
}

TEST_F(StoreMethods, InClassicModeTheOwnerAnswersWhateverCopyMay) {
  wire::Store_read_args args;
  args.key = "a";
  args.options.__set_any_copy(true);
  write("a", "apple");
  const auto found = read_of(*dispatch("read", args));
  EXPECT_EQ(found.value, "apple");
  EXPECT_FALSE(found.__isset.stale_ms_max);
}

}  // namespace
}  // namespace p2p::diststore::agreed
