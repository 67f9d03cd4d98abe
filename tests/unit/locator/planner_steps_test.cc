// In which order, when, and how many at a time: the steps from a map to its target.
#include "planner_fixture.h"

#include <gtest/gtest.h>

namespace p2p::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Adds = std::vector<AddLearner>;

const MapOptions kSome{.partitions = 32};

template <class T>
std::vector<T> all_of(const Steps& steps) {
  std::vector<T> all;
  for (const Request& request : steps.requests)
    if (const T* one = std::get_if<T>(&request)) all.push_back(*one);
  return all;
}

std::size_t adds(ObedientCluster& cluster) {
  return all_of<AddLearner>(cluster.planner.next(cluster.map, cluster.now)).size();
}

bool all_have(const ClusterMap& map, std::size_t copies) {
  return std::ranges::all_of(map.partitions, [&](const Partition& one) { return one.in_sync.size() == copies; });
}

ObedientCluster settled(unsigned members, const MapOptions& options = kSome, const Zones& zone = one_zone) {
  ObedientCluster cluster(cluster_of(members, options, zone), default_policy(options.durability));
  cluster.settle();
  cluster.added.clear();
  cluster.taken.clear();
  cluster.primary.clear();
  return cluster;
}

TEST(PlannerSteps, AFoundersPartitionsSpreadOverWhoJoins) {
  ObedientCluster cluster(cluster_of(5, kSome));
  EXPECT_GT(cluster.settle(), 0);
  EXPECT_TRUE(all_have(cluster.map, 3));
  EXPECT_EQ(remaining(cluster.map, make_target(cluster.map)), Remaining{});
  EXPECT_EQ(cluster.map.voters.size(), 5u);
}

TEST(PlannerSteps, TwoMembersHoldEverythingTwice) {
  ObedientCluster cluster(cluster_of(2, kSome));
  cluster.settle();
  EXPECT_TRUE(all_have(cluster.map, 2));
}

TEST(PlannerSteps, OneMemberHasNothingToDo) {
  ObedientCluster cluster(cluster_of(1, kSome));
  EXPECT_EQ(cluster.settle(), 0);
}

// What it has stays, and so does its place in the plan.
TEST(PlannerSteps, AMemberThatTakesNoFurtherCopiesIsGivenNoneWhileThatIsSo) {
  ObedientCluster cluster(cluster_of(4, kSome));
  cluster.change({runs(3, {.takes_copies = false})});
  cluster.settle();
  EXPECT_FALSE(cluster.map.holds(2));
  cluster.change({runs(3, {})});
  cluster.settle();
  EXPECT_TRUE(all_have(cluster.map, 3));
  EXPECT_TRUE(cluster.map.holds(2));
  const std::vector<Partition> before = cluster.map.partitions;
  cluster.change({runs(3, {.takes_copies = false})});
  cluster.settle();
  EXPECT_EQ(cluster.map.partitions, before);
}

TEST(PlannerSteps, BelowTheMinimumItIsGivenThoseThatNobodyElseIsToHave) {
  ObedientCluster cluster(cluster_of(2, kSome));
  cluster.change({runs(2, {.takes_copies = false})});
  cluster.settle();
  EXPECT_TRUE(all_have(cluster.map, 2));
}

// --- I4 --------------------------------------------------------------------------------------------------------------

TEST(PlannerI4, CopiesThatMayComeBackAreWaitedFor) {
  for (const auto& [durability, time] : {std::pair<Durability, Duration>{Durability::memory, seconds(30)},
                                         std::pair<Durability, Duration>{Durability::durable, minutes(5)}}) {
    ObedientCluster cluster = settled(5, {.partitions = 32, .durability = durability});
    cluster.change({down(3)});
    EXPECT_EQ(adds(cluster), 0u);
    cluster.pass(time - Duration(1));
    EXPECT_EQ(adds(cluster), 0u);
    cluster.pass(Duration(1));
    EXPECT_GT(adds(cluster), 0u);
    cluster.settle();
    EXPECT_TRUE(all_have(cluster.map, 3));
  }
}

TEST(PlannerI4, BelowTheMinimumACopyIsAddedAtOnce) {
  ObedientCluster cluster = settled(5);
  cluster.change({down(3), down(4)});
  const auto urgent = static_cast<std::size_t>(
      std::ranges::count_if(cluster.map.partitions, [](const Partition& one) { return one.in_sync.size() == 1; }));
  ASSERT_GT(urgent, 0u);
  EXPECT_EQ(adds(cluster), urgent);
  cluster.settle();
  EXPECT_TRUE(
      std::ranges::all_of(cluster.map.partitions, [](const Partition& one) { return one.in_sync.size() >= 2; }));
  EXPECT_FALSE(all_have(cluster.map, 3));
  cluster.pass(seconds(30));
  cluster.settle();
  EXPECT_TRUE(all_have(cluster.map, 3));
}

TEST(PlannerI4, WhoComesBackGetsWhatItHadAtOnce) {
  ObedientCluster cluster = settled(6);
  const ClusterMap before = cluster.map;
  cluster.change({down(3)});
  cluster.pass(seconds(2));
  cluster.change({up(3, 2)});
  cluster.settle();
  for (const auto& [partition, nodes] : cluster.added) {
    EXPECT_EQ(nodes, std::vector<NodeId>{id(3)});
    EXPECT_TRUE(before.partitions[partition].is_in_sync(slot(3)));
  }
  EXPECT_TRUE(all_have(cluster.map, 3));
  EXPECT_TRUE(cluster.taken.empty());
}

TEST(PlannerI4, ACopyThatWasTooSlowIsWaitedFor) {
  ObedientCluster cluster = settled(4);
  const Partition& first = cluster.map.partitions.front();
  const Slot slow = first.in_sync.front() == first.primary ? first.in_sync.back() : first.in_sync.front();
  cluster.change({take_out(cluster.map, 0, slow + 1u)});
  EXPECT_EQ(adds(cluster), 0u);
  cluster.pass(seconds(30));
  EXPECT_EQ(adds(cluster), 1u);
}

TEST(PlannerI4, TheLastCopyOfAMemberThatIsDownIsWaitedForOnlyOnce) {
  ObedientCluster cluster(cluster_of(4, {.partitions = 1}));
  cluster.change({learn(0, 2)});
  cluster.change({down(1)});  // it stays in sync until node 2 is
  cluster.pass(seconds(30));
  cluster.change({put_in_sync(cluster.map, 0, 2)});
  ASSERT_EQ(in_sync_of(cluster.map), std::vector<unsigned>{2});
  EXPECT_EQ(adds(cluster), 2u) << "the second at once, and the third too";
}

TEST(PlannerI4, NothingIsBalancedWhileAMemberMayComeBack) {
  ObedientCluster cluster = settled(6);
  cluster.change({down(3), described(cluster.map, 2, 300, "")});
  EXPECT_EQ(cluster.settle(), 0);
  cluster.pass(seconds(30));
  EXPECT_GT(cluster.settle(), 0);
}

TEST(PlannerI4, WhoBeginsToWatchTakesWhatItFindsForNew) {
  ObedientCluster cluster = settled(5);
  cluster.change({down(3)});
  cluster.pass(minutes(20));
  Planner other((Policy()));
  other.observe(cluster.map, cluster.now);
  EXPECT_TRUE(other.next(cluster.map, cluster.now).empty());
  EXPECT_FALSE(other.next(cluster.map, cluster.now + seconds(30)).empty());
}

TEST(PlannerI4, CopiesThatAreLostGoBeforeThoseThatAreGivenAwayAndTheseBeforeBalance) {
  ObedientCluster cluster = settled(6);
  cluster.change({down(3)});
  cluster.change({leave(4)});
  cluster.pass(minutes(1));
  const std::vector<AddLearner> all = all_of<AddLearner>(cluster.planner.next(cluster.map, cluster.now));
  ASSERT_FALSE(all.empty());
  bool gives = false;
  std::map<PartitionNumber, std::size_t> added;
  for (const AddLearner& add : all) {
    const bool is_whole = cluster.map.partitions[add.partition].in_sync.size() + added[add.partition]++ >= 3;
    EXPECT_TRUE(is_whole || !gives) << "a lost copy after one that is given away";
    gives = gives || is_whole;
  }
  EXPECT_TRUE(gives);
}

// --- J3, J4, I9 ------------------------------------------------------------------------------------------------------

TEST(PlannerJ3, ALeavingMemberGivesEverythingAwayAndGoes) {
  for (const unsigned members : {2, 3, 4, 7}) {
    ObedientCluster cluster = settled(members);
    cluster.change({leave(1)});
    cluster.settle();
    EXPECT_EQ(cluster.map.slot_of(id(1)), kNoSlot);
    EXPECT_TRUE(all_have(cluster.map, std::min(3u, members - 1)));
    EXPECT_TRUE(cluster.empty.empty());
  }
}

TEST(PlannerJ3, TheLastMemberStays) {
  ObedientCluster cluster = settled(3);
  cluster.change({leave(1), leave(2), leave(3)});
  cluster.settle();
  EXPECT_TRUE(all_have(cluster.map, 3));
  EXPECT_EQ(cluster.map.up_count(), 3u);
}

TEST(PlannerJ3, APrimaryIsNeverTakenOut) {
  ObedientCluster cluster = settled(4);
  cluster.change({leave(1)});
  int steps = 0;
  do {
    for (const TakeOutOfSync& take : all_of<TakeOutOfSync>(cluster.planner.next(cluster.map, cluster.now))) {
      const Partition& partition = cluster.map.partitions[take.partition];
      EXPECT_NE(cluster.map.at(partition.primary).id, take.node);
      EXPECT_GT(partition.in_sync.size(), 3u);
    }
  } while (cluster.step() && ++steps < 1000);
}

TEST(PlannerJ3, WhoLeavesDoesNotWaitForDataThatNobodyCanSend) {
  const ClusterMap map = cluster_of(3, {.durability = Durability::durable});
  ObedientCluster cluster(after(map, {learn(0, 2)}));
  cluster.change({down(1), leave(2)});
  cluster.settle();
  EXPECT_EQ(cluster.map.slot_of(id(2)), kNoSlot);
  EXPECT_EQ(primary_of(cluster.map), 1u);
}

TEST(PlannerJ4, AMemberThatIsDownTooLongIsRemovedWhenItHoldsNothing) {
  ObedientCluster cluster = settled(6);
  cluster.change({down(3)});
  cluster.pass(seconds(29));
  cluster.settle();
  EXPECT_NE(cluster.map.slot_of(id(3)), kNoSlot);
  cluster.pass(seconds(1));
  cluster.settle();
  EXPECT_EQ(cluster.map.slot_of(id(3)), kNoSlot);
  EXPECT_TRUE(all_have(cluster.map, 3));
}

TEST(PlannerI9, AMemoryPartitionWithoutACopyStartsEmptyAfterAWhile) {
  ObedientCluster cluster = settled(5);
  cluster.change({down(3), down(4), down(5)});
  cluster.pass(seconds(29));
  cluster.settle();
  EXPECT_TRUE(cluster.empty.empty());
  cluster.pass(seconds(1));
  cluster.settle();
  EXPECT_FALSE(cluster.empty.empty());
  EXPECT_TRUE(all_have(cluster.map, 2));
  EXPECT_EQ(cluster.map.up_count(), 2u);
}

TEST(PlannerI9, ADurablePartitionWaitsForItsCopies) {
  ObedientCluster cluster = settled(5, {.partitions = 32, .durability = Durability::durable});
  cluster.change({down(3), down(4), down(5)});
  cluster.pass(std::chrono::hours(100));
  cluster.settle();
  EXPECT_TRUE(cluster.empty.empty());
  const bool waits = std::ranges::any_of(cluster.map.partitions,
                                         [&](const Partition& one) { return !cluster.map.is_up(one.primary); });
  EXPECT_TRUE(waits);
  cluster.change({up(3, 2), up(4, 2), up(5, 2)});
  cluster.settle();
  EXPECT_TRUE(all_have(cluster.map, 3));
}

// --- M7, limits ------------------------------------------------------------------------------------------------------

TEST(PlannerM7, TheFeatureLevelRisesWhenAllKnowMore) {
  ObedientCluster cluster = settled(3);
  for (unsigned number = 1; number <= 3; ++number) {
    EXPECT_EQ(cluster.settle(), 0);
    cluster.change({runs(number, {.feature_level = 2})});
  }
  cluster.settle();
  EXPECT_EQ(cluster.map.feature_level, 2u);
}

TEST(PlannerLimits, LearnersAndHandOversUnderWayAreCounted) {
  Policy policy;
  policy.moves_max = 3;
  policy.balance_moves_max = 2;
  ObedientCluster cluster(cluster_of(4, {.partitions = 64}), policy);
  cluster.happens = [] { return false; };
  for (int step = 0; step < 5; ++step) cluster.step();
  std::size_t learners = 0;
  for (const Partition& partition : cluster.map.partitions) learners += partition.learners.size();
  EXPECT_EQ(learners, 3u) << "all of them are filled by the founder";
  cluster.happens = [] { return true; };
  cluster.settle();
  EXPECT_TRUE(all_have(cluster.map, 3));
}

TEST(PlannerLimits, APrimaryIsHandedOverByWhomHoldsNothingHoweverManyItShouldFill) {
  Policy policy;
  policy.moves_max = policy.balance_moves_max = 3;
  ObedientCluster cluster(cluster_of(3, {.partitions = 64, .copies = 2}), policy);
  cluster.settle();
  cluster.happens = [] { return false; };  // no learner is filled any more
  cluster.change({runs(3, {.holds_partitions = false})});
  for (int step = 0; step < 5; ++step) cluster.step();
  cluster.change({runs(2, {.holds_partitions = false}), runs(3, {.holds_partitions = true})});
  const Steps steps = cluster.planner.next(cluster.map, cluster.now);
  EXPECT_TRUE(std::ranges::any_of(steps.hand_overs, [](const HandOver& one) { return one.from == slot(2); }));
}

TEST(PlannerLimits, AChangeStaysSmall) {
  Policy policy;
  policy.requests_max = 10;
  ObedientCluster cluster(cluster_of(8, {.partitions = 64}), policy);
  cluster.settle();  // looks at every change
  EXPECT_TRUE(all_have(cluster.map, 3));
}

TEST(PlannerSteps, WhatIsBalancedWaitsForTheLastOfThoseThatComeTogether) {
  ObedientCluster cluster = settled(4);
  cluster.change({Join{member(5)}});
  EXPECT_EQ(adds(cluster), 0u);
  cluster.pass(milliseconds(400));
  cluster.change({Join{member(6)}});
  cluster.pass(milliseconds(499));
  EXPECT_EQ(adds(cluster), 0u);
  EXPECT_TRUE(cluster.planner.next(cluster.map, cluster.now).hand_overs.empty());
  cluster.pass(milliseconds(1));
  EXPECT_GT(adds(cluster), 0u);
}

TEST(PlannerSteps, OnlyCopiesWithoutDataWaitForThoseThatComeTogetherWhereTooFewAreThere) {
  for (const bool holds : {true, false}) {
    const ClusterMap alone = cluster_of(1, kSome);
    ObedientCluster cluster(holds ? alone : after(alone, {runs(1, {.holds_partitions = false})}));
    Member second = member(2);
    second.holds_partitions = holds;
    cluster.change({Join{second}});
    EXPECT_EQ(adds(cluster) > 0, holds) << "I4: at once below copies_min";
    cluster.pass(milliseconds(500));
    EXPECT_GT(adds(cluster), 0u);
  }
}

TEST(PlannerSteps, HandOversThatAreUnderWayGoOn) {
  Policy policy;
  policy.moves_max = 4;
  ObedientCluster cluster(cluster_of(3, kSome), policy);
  std::mt19937 random(5);
  cluster.happens = [&] { return random() % 3 == 0; };
  std::vector<HandOver> before;
  for (int step = 0; step < 200; ++step) {
    cluster.step();
    for (const HandOver& one : before) {
      const bool is_done = cluster.map.partitions[one.partition].primary != one.from;
      EXPECT_TRUE(is_done || std::ranges::find(cluster.under_way, one) != cluster.under_way.end()) << "given up";
    }
    before.clear();
    for (const HandOver& one : cluster.under_way)
      if (cluster.map.partitions[one.partition].primary == one.from) before.push_back(one);
  }
  cluster.settle();
}

}  // namespace
}  // namespace p2p::cluster
