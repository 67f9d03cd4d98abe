// Batches in an agreed cluster: one write for each partition, and rounds for what is refused.
#include "agreed_calls.h"

#include <map>

namespace p2p::diststore::agreed {
namespace {

using namespace std::chrono_literals;
using StoreErrors = wire::StoreErrorKind;

class AgreedBatches : public AgreedCalls {
 protected:
  // Two keys of one partition, and one of another.
  AgreedBatches() {
    std::map<Partition, std::string> seen;
    for (int number = 0; one.empty(); ++number) {
      std::string key = "k" + std::to_string(number);
      const auto [at, is_new] = seen.try_emplace(partition_of(key), key);
      if (is_new) continue;
      one = at->second;
      same = std::move(key);
    }
    for (const auto& [partition, key] : seen)
      if (partition != partition_of(one)) other = key;
  }

  // The write of this key's partition, among those that are under way.
  FakeReplicas::Written take_write_of(const std::string& key) {
    for (auto at = replicas->writes.begin(); at != replicas->writes.end(); ++at) {
      if (at->partition != partition_of(key)) continue;
      FakeReplicas::Written found = std::move(*at);
      replicas->writes.erase(at);
      return found;
    }
    P2P_ASSERT(false, "the test expects a write of this partition");
    return {};
  }
  static std::vector<wire::WriteResult> written_of(const FakeCall& call) {
    return decode_reply<wire::Store_write_many_result>(call.reply).value().success;
  }
  static std::vector<wire::EraseResult> erased_of(const FakeCall& call) {
    return decode_reply<wire::Store_erase_many_result>(call.reply).value().success;
  }
  static std::vector<wire::ReadResult> read_of_many(const FakeCall& call) {
    return decode_reply<wire::Store_read_many_result>(call.reply).value().success;
  }

  std::string one;
  std::string same;   // of the same partition
  std::string other;  // of another
};

TEST_F(AgreedBatches, TheKeysOfAPartitionAreOneWrite) {
  const auto writing = write_many({{one, "1"}, {other, "2"}, {same, "3"}});
  ASSERT_EQ(replicas->writes.size(), 2u);
  const auto two_keys = take_write_of(one);
  ASSERT_EQ(two_keys.batch->writes.size(), 2u);
  EXPECT_EQ(two_keys.batch->writes[0].key, one);
  EXPECT_EQ(two_keys.batch->writes[1].value, "3");
  two_keys.answer(Verdict::done, {3, 10});
  EXPECT_TRUE(is_open(*writing)) << "it is answered when all partitions have";
  take_write_of(other).answer(Verdict::done, {3, 20});
  const auto results = written_of(*writing);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].version.node, 10);
  EXPECT_EQ(results[1].version.node, 20);
  EXPECT_EQ(results[2].version.node, 10);
  EXPECT_EQ(results[2].view, 7);
}

TEST_F(AgreedBatches, WhatOnePartitionRefusesGoesIntoTheNextRoundWithItsValue) {
  const auto writing = write_many({{one, "1"}, {other, "2"}});
  take_write_of(one).answer(Verdict::done, {3, 10});
  take_write_of(other).answer(Verdict::refused);
  EXPECT_TRUE(is_open(*writing));
  strand->advance(kShortPause);
  ASSERT_EQ(replicas->writes.size(), 1u) << "the other one is done";
  const auto again = take_write_of(other);
  EXPECT_EQ(again.batch->writes[0].value, "2");
  again.answer(Verdict::overloaded);
  strand->advance(kShortPause);
  take_write_of(other).answer(Verdict::done, {4, 1});
  const auto results = written_of(*writing);
  EXPECT_EQ(results[0].version.stamp, 3);
  EXPECT_EQ(results[1].version.stamp, 4);
}

TEST_F(AgreedBatches, WhatMemoryHasNoRoomForEndsTheBatchAtOnce) {
  const auto half = write_many({{one, "1"}, {other, "2"}});
  take_write_of(one).answer(Verdict::done, {3, 10});
  take_write_of(other).answer_full();
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*half).kind, StoreErrors::unavailable);
  const auto nothing = write_many({{one, "1"}});
  take_write_of(one).answer_full();
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*nothing).kind, StoreErrors::not_executed);
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*nothing).message, "memory_max: 7 of 8 MiB");
}

TEST_F(AgreedBatches, WhatIsRefusedToTheEndIsUnavailableOnlyIfSomethingWasDone) {
  const auto half = write_many({{one, "1"}, {other, "2"}});
  take_write_of(one).answer(Verdict::done, {3, 10});
  const auto nothing = write_many({{one, "1"}});
  while (is_open(*half) || is_open(*nothing)) {
    while (!replicas->writes.empty()) replicas->take_write().answer(Verdict::refused);
    strand->advance(kShortPause);
  }
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*half).kind, StoreErrors::unavailable);
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*nothing).kind, StoreErrors::not_executed);
}

TEST_F(AgreedBatches, WhyChangesAreRefusedIsSaidHereAndForOtherNodes) {
  const std::string why = "2 of the 3 copies that a write needs (copies_min) are in sync";
  const auto writing = write_many({{one, "1"}});
  while (is_open(*writing)) {
    while (!replicas->writes.empty()) replicas->take_write().refuse_for_copies(2, 3);
    strand->advance(kShortPause);
  }
  EXPECT_NE(error_of<wire::Store_write_many_result>(*writing).message.find(why), std::string::npos);
  wire::StorePeer_write_here_args part;
  part.items.emplace_back();
  part.items.back().key = one;
  const auto of_a_peer = dispatch("write_here", part);
  replicas->take_write().refuse_for_copies(2, 3);
  const auto answered = decode_reply<wire::StorePeer_write_here_result>(of_a_peer->reply).value().success;
  EXPECT_EQ(answered.undone, std::vector<std::int32_t>{0});
  EXPECT_NE(answered.why.find(why), std::string::npos) << answered.why;
}

TEST_F(AgreedBatches, WhyAnotherNodeRefusesIsPassedOn) {
  locator->ring = std::make_shared<FakeRing>(kOther);
  const auto writing = write_many({{one, "1"}});
  while (is_open(*writing)) {
    if (!peers.asked.empty()) {
      wire::WritePart part;
      part.results.resize(1);
      part.undone = {0};
      part.__set_why("it has its reasons");
      peers.take("write_here").done(reply_with<wire::StorePeer_write_here_result>("write_here", part));
    }
    strand->advance(kShortPause);
  }
  const auto message = error_of<wire::Store_write_many_result>(*writing).message;
  EXPECT_EQ(message, kOther.name() + ": it has its reasons");
}

TEST_F(AgreedBatches, AnUnknownOutcomeEndsTheBatchAsUnavailable) {
  const auto writing = write_many({{one, "1"}, {other, "2"}});
  take_write_of(one).answer(Verdict::unknown);
  EXPECT_TRUE(is_open(*writing));
  take_write_of(other).answer(Verdict::refused);
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*writing).kind, StoreErrors::unavailable);
  strand->advance(1s);
  EXPECT_TRUE(replicas->writes.empty()) << "nothing is repeated";
}

TEST_F(AgreedBatches, ErasesSayForEachKeyWhetherThereWasAValue) {
  const auto erasing = erase_many({one, same, other, one});
  const auto several = take_write_of(one);
  ASSERT_EQ(several.batch->writes.size(), 3u);
  several.batch->writes[0].existed = several.batch->writes[2].existed = true;
  several.answer(Verdict::done, {3, 10});
  take_write_of(other).answer(Verdict::missing);
  const auto results = erased_of(*erasing);
  ASSERT_EQ(results.size(), 4u);
  EXPECT_TRUE(results[0].found);
  EXPECT_EQ(results[0].version.node, 10);
  EXPECT_FALSE(results[1].found);
  EXPECT_FALSE(results[1].__isset.version);
  EXPECT_FALSE(results[2].found);
  EXPECT_FALSE(results[3].found) << "the first of the two has erased it";
}

TEST_F(AgreedBatches, ReadsAreAnsweredAtOnceWhereNothingIsUnderWay) {
  keep(one, "1");
  const auto reading = read_many({one, other});
  const auto results = read_of_many(*reading);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].value, "1");
  EXPECT_EQ(results[0].view, 7);
  EXPECT_FALSE(results[1].found);
}

TEST_F(AgreedBatches, AReadThatWaitsForAWriteHoldsItsBatchUp) {
  keep(one, "1");
  keep(other, "not committed");
  begin(other);
  const auto reading = read_many({one, other});
  EXPECT_TRUE(is_open(*reading));
  replicas->take_read().answer("2", {3, 4});
  const auto results = read_of_many(*reading);
  EXPECT_EQ(results[0].value, "1");
  EXPECT_EQ(results[1].value, "2");
  EXPECT_EQ(results[1].version.node, 4);
  EXPECT_EQ(results[1].view, 7);
}

TEST_F(AgreedBatches, NoMoreReadsWaitAtOnceThanTheyMay) {
  store->options.batch_keys_max = kReadsWaitingMax + 10;
  std::vector<std::string> keys;
  for (std::size_t number = 0; number < kReadsWaitingMax + 10; ++number) {
    keys.push_back("key" + std::to_string(number));
    begin(keys.back());
  }
  const auto reading = read_many(keys);
  ASSERT_EQ(replicas->reads.size(), kReadsWaitingMax);
  while (!replicas->reads.empty()) replicas->take_read().answer("value", {3, 4});
  EXPECT_TRUE(is_open(*reading));
  strand->advance(kShortPause);
  ASSERT_EQ(replicas->reads.size(), 10u) << "the others, in the next round";
  while (!replicas->reads.empty()) replicas->take_read().answer("value", {3, 4});
  EXPECT_EQ(read_of_many(*reading).size(), keys.size());
}

TEST_F(AgreedBatches, ReadsThatAreNotServedAreTriedAgain) {
  keep(one, "1");
  keep(other, "2");
  replicas->read_gate.serve(partition_of(other), 0);
  begin(one);
  const auto reading = read_many({one, other});
  replicas->take_read().answer(Verdict::refused);
  EXPECT_TRUE(is_open(*reading));
  end(one);
  serve(4);
  strand->advance(kShortPause);
  const auto results = read_of_many(*reading);
  EXPECT_EQ(results[0].value, "1");
  EXPECT_EQ(results[1].value, "2");
}

TEST_F(AgreedBatches, ABatchTakesNoConditions) {
  wire::Store_write_many_args args;
  args.items.resize(1);
  args.options = if_absent();
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*dispatch("write_many", args)).kind, StoreErrors::unsupported);
  wire::Store_erase_many_args erase_args;
  erase_args.keys = {"a"};
  erase_args.options = if_version({3, 1});
  EXPECT_EQ(error_of<wire::Store_erase_many_result>(*dispatch("erase_many", erase_args)).kind,
            StoreErrors::unsupported);
  EXPECT_TRUE(replicas->writes.empty());
}

// --- parts of other nodes' batches -----------------------------------------------------------------------------------

TEST_F(AgreedBatches, APartOfAPeerIsAnsweredWhenAllItsPartitionsHave) {
  wire::StorePeer_write_here_args args;
  for (const std::string& key : {one, other}) {
    args.items.emplace_back();
    args.items.back().key = key;
    args.items.back().value = "value";
  }
  const auto part = dispatch("write_here", args, kHopsMax);
  EXPECT_TRUE(is_open(*part));
  take_write_of(other).answer(Verdict::refused);
  take_write_of(one).answer(Verdict::done, {3, 10});
  const auto answered = decode_reply<wire::StorePeer_write_here_result>(part->reply).value().success;
  EXPECT_EQ(answered.undone, std::vector<std::int32_t>{1});
  EXPECT_EQ(answered.results[0].version.node, 10);
}

TEST_F(AgreedBatches, APartThatMayBeDoneIsAFaultThatLeavesItOpen) {
  wire::StorePeer_erase_here_args args;
  args.keys = {one, other};
  const auto part = dispatch("erase_here", args, kHopsMax);
  take_write_of(one).answer(Verdict::refused);
  take_write_of(other).answer(Verdict::unknown);
  EXPECT_EQ(part->fault, CallFault::internal_error);
  EXPECT_FALSE(part->failure.starts_with(kNotExecutedPrefix)) << part->failure;
}

TEST_F(AgreedBatches, APartThatMayBeDoneElsewhereIsNotSentAgain) {
  locator->ring = std::make_shared<FakeRing>(kSelf, FakeRing::Owners{{other, kOther}});
  const auto writing = write_many({{one, "1"}, {other, "2"}});
  peers.take("write_here", kOther).done(Error{ErrorKind::closed, "test"});
  take_write_of(one).answer(Verdict::done, {3, 1});
  EXPECT_EQ(error_of<wire::Store_write_many_result>(*writing).kind, StoreErrors::unavailable);
  EXPECT_TRUE(peers.asked.empty());
}

}  // namespace
}  // namespace p2p::diststore::agreed
