// Whatever happens to the members, the planner comes to an end, and what it foretold is what it does.
#include "cluster/planner/what_if.h"
#include "planner_fixture.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace p2p::cluster {
namespace {

class Churn final {
 public:
  Churn(ObedientCluster& cluster, unsigned seed) : cluster_(cluster), random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }

  // One thing that happens to a member; nothing, if it cannot.
  void happen() {
    const ClusterMap& map = cluster_.map;
    const auto node = static_cast<Slot>(below(map.members.size()));
    const Member& one = map.members[node];
    if (one.id.empty() || below(4) == 0) return join();
    const std::uint64_t boot_number = one.boot.number;
    const unsigned number = number_of(one);
    switch (below(6)) {
      case 0:
        return one.is_up() && map.up_count() > 2 ? cluster_.change({down(number, boot_number)}) : void();
      case 1:
        return !one.is_up() ? cluster_.change({up(number, boot_number)}) : void();
      case 2:
        return cluster_.change({up(number, boot_number + 1)});
      case 3:
        return one.state == MemberState::up && below(3) == 0 ? cluster_.change({leave(number, boot_number)}) : void();
      case 4:
        return describe(one, static_cast<std::uint32_t>(50 * below(4)), one.zone);
      default:
        return describe(one, one.weight, std::to_string(below(4)));
    }
  }

 private:
  static unsigned number_of(const Member& one) { return static_cast<unsigned>(one.id.high); }

  void join() {
    if (cluster_.map.up_count() < 12) cluster_.change({Join{member(++last_, {.zone = std::to_string(below(4))})}});
  }

  void describe(const Member& one, std::uint32_t weight, const std::string& zone) {
    cluster_.change({Describe{.node = one.id, .zone = zone, .weight = weight}});
  }

  ObedientCluster& cluster_;
  std::mt19937 random_;
  unsigned last_ = 1'000;
};

bool is_whole(const ClusterMap& map) {
  const Target target = make_target(map);
  if (remaining(map, target) != Remaining{}) return false;
  return std::ranges::all_of(map.partitions, [&](const Partition& one) {
    return target.copies.front().empty() ||
           (one.learners.empty() && one.in_sync.size() == target.copies.front().size());
  });
}

class PlannerChurn : public testing::TestWithParam<unsigned> {};

TEST_P(PlannerChurn, EndsWithEverythingWhereItIsToBe) {
  const auto durability = GetParam() % 2 == 0 ? Durability::memory : Durability::durable;
  ObedientCluster cluster(cluster_of(4, {.partitions = 32, .durability = durability},
                                     [](unsigned number) { return std::to_string(number % 3); }),
                          default_policy(durability));
  Churn churn(cluster, GetParam());
  for (int round = 0; round < 12; ++round) {
    cluster.happens = [&] { return churn.below(3) != 0; };  // some fill slowly, while more happens
    for (std::size_t left = 1 + churn.below(6); left > 0; --left) {
      churn.happen();
      for (std::size_t steps = churn.below(4); steps > 0; --steps) cluster.step();
      cluster.pass(std::chrono::seconds(churn.below(40)));
    }
    cluster.happens = [] { return true; };
    cluster.settle(500);
    cluster.pass(std::chrono::minutes(30));
    cluster.settle(500);
    const bool all_up = std::ranges::all_of(cluster.map.partitions,
                                            [&](const Partition& one) { return cluster.map.is_up(one.primary); });
    EXPECT_TRUE(!all_up || is_whole(cluster.map)) << "round " << round;
    EXPECT_TRUE(all_up || durability == Durability::durable);
    ASSERT_FALSE(HasFailure());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlannerChurn, testing::Range(1u, 25u));

// --- what was foretold -----------------------------------------------------------------------------------------------

using Pairs = std::set<std::pair<PartitionNumber, NodeId>>;

Pairs pairs_of(const ObedientCluster::Moves& moves) {
  Pairs pairs;
  for (const auto& [partition, nodes] : moves) {
    for (const NodeId& node : nodes) EXPECT_TRUE(pairs.emplace(partition, node).second) << "twice";
  }
  return pairs;
}

Pairs pairs_of(const std::vector<Move>& moves, NodeId Move::*which) {
  Pairs pairs;
  for (const Move& move : moves)
    if (!(move.*which).empty()) pairs.emplace(move.partition, move.*which);
  return pairs;
}

void expect_foretold(const ClusterMap& map, const Change& change, unsigned seed) {
  const Result<Forecast> foretold = what_if(map, change);
  ASSERT_TRUE(foretold.ok());
  ObedientCluster cluster(map);
  std::mt19937 random(seed);
  if (seed > 0) cluster.happens = [&] { return random() % 3 == 0; };
  cluster.settle();
  ASSERT_TRUE(cluster.added.empty() && cluster.primary.empty()) << "the map was not at rest";
  cluster.change(change.requests);
  cluster.settle();
  EXPECT_EQ(pairs_of(cluster.added), pairs_of(foretold.value().copies, &Move::to));
  EXPECT_EQ(pairs_of(cluster.taken), pairs_of(foretold.value().copies, &Move::from));
  EXPECT_EQ(pairs_of(cluster.primary), pairs_of(foretold.value().primaries, &Move::to));
  EXPECT_FALSE(cluster.added.empty());
}

ClusterMap at_rest(unsigned members) {
  ObedientCluster cluster(
      cluster_of(members, {.partitions = 128}, [](unsigned number) { return std::to_string(number % 4); }));
  cluster.settle();
  return cluster.map;
}

TEST(PlannerForecast, WhatIsForetoldIsWhatHappensInWhateverOrder) {
  const ClusterMap map = at_rest(9);
  const std::vector<Request> hypotheses = {Join{member(10, {.zone = "1"})},
                                           Join{member(10, {.zone = "new", .weight = 350})},
                                           leave(1),
                                           leave(4),
                                           described(map, 3, 250, map.members[slot(3)].zone),
                                           described(map, 5, 0, map.members[slot(5)].zone),
                                           described(map, 6, 100, "3")};
  for (const Request& hypothesis : hypotheses)
    for (const unsigned seed : {0, 1, 2}) {
      SCOPED_TRACE(text({{hypothesis}}));
      expect_foretold(map, {{hypothesis}}, seed);
    }
}

TEST(PlannerForecast, SeveralChangesAtOnceAreForetoldToo) {
  const ClusterMap map = at_rest(8);
  expect_foretold(map, {{Join{member(9, {.zone = "1"})}, Join{member(10, {.zone = "2"})}, leave(2)}}, 3);
}

TEST(PlannerForecast, EachMoveNamesWhoGivesAndWhoGets) {
  const ClusterMap map = at_rest(6);
  const Result<Forecast> foretold = what_if(map, {{leave(2)}});
  ASSERT_TRUE(foretold.ok());
  EXPECT_FALSE(foretold.value().copies.empty());
  for (const Move& move : foretold.value().copies) {
    const Partition& partition = map.partitions[move.partition];
    EXPECT_TRUE(partition.is_in_sync(map.slot_of(move.from)));
    EXPECT_FALSE(partition.is_in_sync(map.slot_of(move.to)));
  }
  for (const Move& move : foretold.value().primaries)
    EXPECT_EQ(map.at(map.partitions[move.partition].primary).id, move.from);
}

TEST(PlannerForecast, AMapAtRestHasNothingToForetell) {
  const Forecast nothing = forecast(at_rest(7));
  EXPECT_TRUE(nothing.copies.empty());
  EXPECT_TRUE(nothing.primaries.empty());
}

TEST(PlannerForecast, WhatTheMapDoesNotAllowIsNotForetold) {
  EXPECT_FALSE(what_if(at_rest(3), {{Join{member(2)}}}).ok());
}

}  // namespace
}  // namespace p2p::cluster
