// Does a target move as little as possible? Compared with an optimum that is computed independently: by min-cost flow
// over an explicit graph, one shortest path after the other.
#include "../../support/rounds.h"
#include "planner_fixture.h"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <optional>
#include <random>
#include <utility>

namespace p2p::cluster {
namespace {

// Successive shortest paths, by Bellman and Ford.
class MinCostFlow final {
 public:
  explicit MinCostFlow(int nodes) : edges_from_(static_cast<std::size_t>(nodes)) {}

  void edge(int from, int to, int capacity, long cost) {
    if (capacity == 0) return;
    add(from, to, capacity, cost);
    add(to, from, 0, -cost);
  }

  struct Result {
    int flow = 0;
    long cost = 0;
  };
  Result run(int source, int sink) {
    Result result;
    while (find_path(source, sink)) {
      for (int at = sink; at != source; at = edges_[by_[at] ^ 1].to) {
        --edges_[by_[at]].capacity;
        ++edges_[by_[at] ^ 1].capacity;
      }
      ++result.flow;
      result.cost += distance_[sink];
    }
    return result;
  }

 private:
  struct Edge {
    int to;
    int capacity;
    long cost;
  };

  void add(int from, int to, int capacity, long cost) {
    edges_from_[from].push_back(static_cast<int>(edges_.size()));
    edges_.push_back({to, capacity, cost});
  }

  bool find_path(int source, int sink) {
    constexpr long kFar = std::numeric_limits<long>::max() / 2;
    distance_.assign(edges_from_.size(), kFar);
    by_.assign(edges_from_.size(), -1);
    std::vector<bool> waits(edges_from_.size());
    std::deque<int> queue{source};
    distance_[source] = 0;
    while (!queue.empty()) {
      const int at = queue.front();
      queue.pop_front();
      waits[at] = false;
      for (const int number : edges_from_[at]) {
        const Edge& edge = edges_[number];
        if (edge.capacity == 0 || distance_[at] + edge.cost >= distance_[edge.to]) continue;
        distance_[edge.to] = distance_[at] + edge.cost;
        by_[edge.to] = number;
        if (!waits[edge.to]) queue.push_back(edge.to);
        waits[edge.to] = true;
      }
    }
    return distance_[sink] < kFar;
  }

  std::vector<Edge> edges_;
  std::vector<std::vector<int>> edges_from_;
  std::vector<long> distance_;
  std::vector<int> by_;
};

constexpr long kMust = 1'000'000;  // what a place is worth that must be filled

// Nodes: 0 source, 1 sink, then partitions, their zones, and members.
struct Optimum {
  explicit Optimum(const ClusterMap& its_map, const Shares& its_shares)
      : map(its_map),
        shares(its_shares),
        partitions(static_cast<int>(map.partitions.size())),
        zones(static_cast<int>(shares.zones.size())) {}

  int partition(int number) const { return 2 + number; }
  int zone(int number, int at) const { return 2 + partitions + number * zones + at; }
  int member(std::size_t at) const { return 2 + partitions + partitions * zones + static_cast<int>(at); }

  void bounded(MinCostFlow& flow, int from, int to, const Bounds& bounds) {
    flow.edge(from, to, static_cast<int>(bounds.low), -kMust);
    flow.edge(from, to, static_cast<int>(bounds.high - bounds.low), 0);
    must += static_cast<long>(bounds.low);
  }

  // How many copies must be added.
  long copies() {
    MinCostFlow flow(member(shares.holders.size()));
    for (int number = 0; number < partitions; ++number) {
      flow.edge(0, partition(number), static_cast<int>(shares.copies), 0);
      for (int at = 0; at < zones; ++at) bounded(flow, partition(number), zone(number, at), shares.zones[at]);
      const Partition& now = map.partitions[number];
      for (std::size_t at = 0; at < shares.holders.size(); ++at) {
        const Slot node = shares.holders[at].slot;
        const bool is_there = now.is_in_sync(node) || now.learner(node) != nullptr;
        flow.edge(zone(number, shares.holders[at].zone), member(at), 1, is_there ? 0 : 1);
      }
    }
    for (std::size_t at = 0; at < shares.holders.size(); ++at) bounded(flow, member(at), 1, shares.holders[at].copies);
    return cost_of(flow, partitions * static_cast<int>(shares.copies));
  }

  // How many primaries must be moved when the copies are these; nothing, if the bounds allow no placement.
  std::optional<long> primaries(const Target& target, Bounds Holder::*bounds) {
    MinCostFlow flow(member(shares.holders.size()));
    for (int number = 0; number < partitions; ++number) {
      flow.edge(0, partition(number), 1, 0);
      for (std::size_t at = 0; at < shares.holders.size(); ++at) {
        const Slot node = shares.holders[at].slot;
        if (!target.has(static_cast<PartitionNumber>(number), node)) continue;
        flow.edge(partition(number), member(at), 1, map.partitions[number].primary == node ? 0 : 1);
      }
    }
    for (std::size_t at = 0; at < shares.holders.size(); ++at) bounded(flow, member(at), 1, shares.holders[at].*bounds);
    const MinCostFlow::Result result = flow.run(0, 1);
    const long cost = result.cost + kMust * std::exchange(must, 0);
    return result.flow == partitions && cost < kMust ? std::optional(cost) : std::nullopt;
  }

  long cost_of(MinCostFlow& flow, int wanted) {
    const MinCostFlow::Result result = flow.run(0, 1);
    EXPECT_EQ(result.flow, wanted) << "the bounds allow no placement";
    return result.cost + kMust * std::exchange(must, 0);
  }

  const ClusterMap& map;
  const Shares& shares;
  int partitions;
  int zones;
  long must = 0;
};

void expect_within(const std::vector<std::size_t>& counts, const Shares& shares, const auto& bounds_of) {
  for (const Holder& holder : shares.holders) {
    EXPECT_GE(counts[holder.slot], bounds_of(holder).low);
    EXPECT_LE(counts[holder.slot], bounds_of(holder).high);
  }
}

void expect_optimal(const ClusterMap& map, const std::string& what) {
  SCOPED_TRACE(what);
  ASSERT_EQ(unsoundness(map), "");
  const Shares shares = shares_of(map);
  if (shares.holders.empty()) return;
  const Target target = make_target(map);
  Optimum optimum(map, shares);
  const Remaining left = remaining(map, target);
  ASSERT_EQ(static_cast<long>(left.copies), optimum.copies());
  auto bounds = &Holder::primaries;
  std::optional<long> primaries = optimum.primaries(target, bounds);
  if (!primaries) primaries = optimum.primaries(target, bounds = &Holder::primaries_at_most);
  ASSERT_EQ(static_cast<long>(left.primaries), primaries);
  expect_within(copies_by_slot(map, target), shares, [](const Holder& holder) { return holder.copies; });
  expect_within(primaries_by_slot(map, target), shares, [&](const Holder& holder) { return holder.*bounds; });
  for (PartitionNumber number = 0; number < map.partitions.size(); ++number)
    for (std::size_t zone = 0; zone < shares.zones.size(); ++zone) {
      const auto count = std::ranges::count_if(
          shares.holders, [&](const Holder& holder) { return holder.zone == zone && target.has(number, holder.slot); });
      ASSERT_GE(count, shares.zones[zone].low);
      ASSERT_LE(count, shares.zones[zone].high);
    }
}

class Random final {
 public:
  explicit Random(unsigned seed) : random_(seed) {}
  unsigned below(std::size_t bound) { return static_cast<unsigned>(random_() % bound); }

  // Copies anywhere, too many or too few, learners among them.
  void scatter(ClusterMap& map) {
    for (Partition& partition : map.partitions) {
      std::vector<Slot> nodes;
      for (std::size_t at = 0; at < map.members.size(); ++at)
        if (map.is_up(static_cast<Slot>(at))) nodes.push_back(static_cast<Slot>(at));
      std::shuffle(nodes.begin(), nodes.end(), random_);
      const std::size_t copies = std::min<std::size_t>(nodes.size(), 1 + below(5));
      partition.in_sync.assign(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(copies));
      partition.primary = partition.in_sync[below(copies)];
      partition.learners.clear();
      for (std::size_t at = copies; at < std::min(nodes.size(), copies + below(3)); ++at)
        partition.learners.push_back({.node = nodes[at], .since = 1});
    }
  }

  ClusterMap map() {
    const unsigned zones = 1 + below(5);
    ClusterMap map = cluster_of(1 + below(10), {.partitions = 1u << below(6), .copies = 1 + below(4), .copies_min = 1},
                                [&](unsigned) { return std::to_string(below(zones)); });
    for (Member& one : map.members) {
      if (below(2) == 0) one.weight = below(4) * 50;
      if (one.id != id(1)) one.state = below(8) == 0 ? MemberState::leaving : MemberState::up;
    }
    scatter(map);
    return map;
  }

  // What an operator, or the world, does to a map that is balanced.
  ClusterMap disturbed(ClusterMap map, unsigned zones) {
    const unsigned number = 1 + below(map.members.size());
    const Member& one = map.members[slot(number)];
    const auto joined = static_cast<unsigned>(map.members.size()) + 1;
    switch (below(5)) {
      case 0:
        return after(map, {Join{member(joined, {.zone = std::to_string(below(zones)), .weight = 50 + below(100)})}});
      case 1:
        return one.state == MemberState::up ? after(map, {leave(number)}) : map;
      case 2:
        return one.is_up() && map.up_count() > 1 ? after(map, {down(number)}) : map;
      case 3:
        return after(map, {described(map, number, 50 * below(5), one.zone)});
      default:
        return after(map, {described(map, number, one.weight, std::to_string(below(zones)))});
    }
  }

 private:
  std::mt19937 random_;
};

TEST(PlannerOptimum, ScatteredCopiesMoveAsLittleAsPossible) {
  Random random(1);
  for (int run = 0; run < 400 && !testing::Test::HasFailure(); ++run)
    expect_optimal(random.map(), "run " + std::to_string(run));
}

TEST(PlannerOptimum, JoinsLeavesWeightsAndZonesMoveAsLittleAsPossible) {
  Random random(2);
  for (int run = 0; run < 20 / kRoundsShare; ++run) {
    const unsigned zones = 1 + random.below(6);
    ClusterMap map = balanced(cluster_of(2 + random.below(12), {.partitions = 32u << random.below(2)},
                                         [&](unsigned) { return std::to_string(random.below(zones)); }));
    for (int change = 0; change < 10 && !testing::Test::HasFailure(); ++change) {
      map = random.disturbed(map, zones);
      expect_optimal(map, "run " + std::to_string(run) + ", change " + std::to_string(change));
      if (random.below(3) > 0) map = balanced(map);  // else the next comes before anything has moved
    }
  }
}

TEST(PlannerOptimum, ALargerClusterMovesAsLittleAsPossible) {
  Random random(3);
  ClusterMap map =
      balanced(cluster_of(20, {.partitions = 128}, [](unsigned number) { return std::to_string(number % 5); }));
  for (int change = 0; change < 3; ++change) {
    map = random.disturbed(map, 6);
    expect_optimal(map, "change " + std::to_string(change));
    map = balanced(map);
  }
}

// --- at the shipped size, where the optimum is known
// -------------------------------------------------------------------

TEST(PlannerOptimum, OneMoreMemberGetsItsShareAndNothingElseMoves) {
  const ClusterMap before = balanced(cluster_of(100, {.partitions = kPartitions}));
  const ClusterMap map = after(before, {Join{member(101)}});
  EXPECT_EQ(remaining(map, make_target(map)).copies, 121u) << "4096 x 3 / 101, the smaller whole number";
  EXPECT_EQ(remaining(map, make_target(map)).primaries, 40u);
}

TEST(PlannerOptimum, WhatALeavingMemberHoldsIsAllThatMoves) {
  const ClusterMap before = balanced(cluster_of(100, {.partitions = kPartitions}));
  const auto held = static_cast<std::size_t>(
      std::ranges::count_if(before.partitions, [](const Partition& one) { return one.is_in_sync(slot(7)); }));
  const ClusterMap map = after(before, {leave(7)});
  EXPECT_EQ(remaining(map, make_target(map)).copies, held);
}

}  // namespace
}  // namespace p2p::cluster
