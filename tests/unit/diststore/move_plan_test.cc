#include "classic/core/move_plan.h"
#include "fake_ring.h"

#include <gtest/gtest.h>

#include <set>

namespace p2p::diststore {
namespace {

StoredKey value_of(std::string key, std::size_t bytes = 10) {
  StoredKey made;
  made.key = std::move(key);
  made.bytes = bytes;
  return made;
}

std::vector<MoveBatch> take_all(MovePlan& plan) {
  std::vector<MoveBatch> batches;
  while (plan.has_batch()) batches.push_back(plan.take_batch());
  return batches;
}

TEST(MovePlan, ExactlyTheKeysOfOtherNodesMoveEachToItsOwner) {
  const FakeRing ring(kSelf, {{"b", kOther}, {"c", kThird}, {"d", kOther}});
  MovePlan plan(1000);
  plan.add(ring, {value_of("a"), value_of("b"), value_of("c"), value_of("d"), value_of("e")});
  plan.close();
  std::map<NodeAddress, std::set<std::string>> moves;
  for (const MoveBatch& batch : take_all(plan)) {
    for (const StoredKey& key : batch.keys) moves[batch.to].insert(key.key);
  }
  EXPECT_EQ(moves, (std::map<NodeAddress, std::set<std::string>>{{kOther, {"b", "d"}}, {kThird, {"c"}}}));
}

TEST(MovePlan, WhatWasTakenInIsCounted) {
  const FakeRing ring(kSelf, {{"b", kOther}, {"c", kThird}, {"d", NodeAddress{}}});
  MovePlan plan(1000);
  const auto planned = plan.add(ring, {value_of("a", 1), value_of("b", 20), value_of("c", 300), value_of("d", 4000)});
  EXPECT_EQ(planned.keys, 2u);
  EXPECT_EQ(planned.bytes, 320u);
  EXPECT_EQ(plan.add(ring, {value_of("b", 5)}).bytes, 5u) << "of this portion, not of all";
}

TEST(MovePlan, NothingMovesInARingThatGivesEveryKeyToUs) {
  MovePlan plan(1000);
  plan.add(FakeRing(kSelf), {value_of("a"), value_of("b")});
  plan.close();
  EXPECT_FALSE(plan.has_batch());
}

TEST(MovePlan, ABatchWaitsUntilItIsFullOrTheScanHasEnded) {
  MovePlan plan(25);
  plan.add(FakeRing(kOther), {value_of("a"), value_of("b")});
  EXPECT_FALSE(plan.has_batch());
  plan.add(FakeRing(kOther), {value_of("c")});
  ASSERT_TRUE(plan.has_batch());
  EXPECT_EQ(plan.take_batch().keys.size(), 2u);
  EXPECT_FALSE(plan.has_batch());
  plan.close();
  ASSERT_TRUE(plan.has_batch());
  EXPECT_EQ(plan.take_batch().keys.front().key, "c");
}

TEST(MovePlan, NoBatchIsLargerThanTheLimitExceptForOneLargeKey) {
  MovePlan plan(100);
  plan.add(FakeRing(kOther),
           {value_of("a", 60), value_of("b", 40), value_of("c", 1), value_of("large", 500), value_of("d", 1)});
  plan.close();
  const auto batches = take_all(plan);
  ASSERT_EQ(batches.size(), 4u);
  EXPECT_EQ(batches[0].bytes, 100u);
  EXPECT_EQ(batches[1].bytes, 1u);
  EXPECT_EQ(batches[2].keys.front().key, "large");
  EXPECT_EQ(batches[2].keys.size(), 1u);
  EXPECT_EQ(batches[3].keys.front().key, "d");
}

TEST(MovePlan, ABatchOfSmallKeysIsLimitedByTheirNumber) {
  MovePlan plan(1'000'000);
  std::vector<StoredKey> keys;
  for (std::size_t i = 0; i < kBatchKeysMax + 1; ++i) keys.push_back(value_of(std::to_string(i), 1));
  plan.add(FakeRing(kOther), std::move(keys));
  plan.close();
  const auto batches = take_all(plan);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].keys.size(), kBatchKeysMax);
  EXPECT_EQ(batches[1].keys.size(), 1u);
}

TEST(MovePlan, KeysOfAnEmptyRingStayAndAreCounted) {
  MovePlan plan(100);
  plan.add(FakeRing(NodeAddress{}), {value_of("a"), value_of("b")});
  plan.close();
  EXPECT_FALSE(plan.has_batch());
  EXPECT_EQ(plan.unowned(), 2u);
}

}  // namespace
}  // namespace p2p::diststore
