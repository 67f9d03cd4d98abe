// A cluster that does what its planner says: learners are filled, primaries are handed over, changes are decided, all
// as soon as they are asked for. Notes what was moved.
#pragma once

#include "cluster/planner/planner.h"
#include "cluster_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace p2p::cluster {

// As if everything had been moved.
inline ClusterMap moved_to(ClusterMap map, const Target& target) {
  for (PartitionNumber number = 0; number < map.partitions.size(); ++number) {
    if (target.copies[number].empty()) continue;
    Partition& partition = map.partitions[number];
    partition.in_sync.assign(target.copies[number].begin(), target.copies[number].end());
    partition.primary = target.primaries[number];
    partition.learners.clear();
  }
  return map;
}
inline ClusterMap balanced(const ClusterMap& map) { return moved_to(map, make_target(map)); }

inline std::vector<std::size_t> copies_by_slot(const ClusterMap& map, const Target& target) {
  std::vector<std::size_t> counts(map.members.size());
  for (const Slots& copies : target.copies)
    for (const Slot copy : copies) ++counts[copy];
  return counts;
}
inline std::vector<std::size_t> primaries_by_slot(const ClusterMap& map, const Target& target) {
  std::vector<std::size_t> counts(map.members.size());
  for (const Slot primary : target.primaries) ++counts[primary];
  return counts;
}

using Zones = std::function<std::string(unsigned number)>;
inline std::string one_zone(unsigned) { return ""; }

inline ClusterMap cluster_of(unsigned members, MapOptions options = {}, const Zones& zone = one_zone) {
  options.founder.zone = zone(1);
  ClusterMap map = founded(options);
  std::vector<Request> joins;
  for (unsigned number = 2; number <= members; ++number)
    joins.emplace_back(Join{member(number, {.zone = zone(number)})});
  return joins.empty() ? map : after(map, std::move(joins));
}

inline Request described(const ClusterMap& map, unsigned number, std::uint32_t weight, const std::string& zone) {
  const Member& one = map.members[slot(number)];
  return Describe{.node = one.id, .zone = zone, .weight = weight};
}

class ObedientCluster final {
 public:
  using Moves = std::map<PartitionNumber, std::vector<NodeId>>;

  explicit ObedientCluster(ClusterMap first, const Policy& policy = {})
      : map(std::move(first)), policy_(policy), planner(policy) {
    planner.observe(map, now);
  }

  void change(std::vector<Request> requests) {
    map = after(map, std::move(requests));
    planner.observe(map, now);
  }

  void pass(Duration time) { now += time; }

  // Whether there was anything to do, or to wait for.
  bool step() {
    if (const std::optional<SetVoters> voters = planner.voters(map, now)) {
      change({*voters});
      return true;
    }
    const Steps steps = planner.next(map, now, under_way);
    EXPECT_EQ(steps.hand_overs, planner.next(map, now, under_way).hand_overs) << "the same is asked, another answer";
    check_limits(steps);
    note(steps);
    if (!steps.requests.empty()) change(steps.requests);  // each of them must be allowed
    const bool is_filling = fill_learners();
    under_way = steps.hand_overs;
    hand_over();
    return is_filling || !steps.empty();
  }

  // How many steps it took until nothing was left to do.
  int settle(int steps_max = 10'000) {
    int steps = 0;
    pass(policy_.settle_after);
    while (steps < steps_max && (step() || let_one_go())) ++steps;
    EXPECT_LT(steps, steps_max) << "no end of it";
    return steps;
  }

  // As a member that leaves asks for itself once it has given everything away.
  bool let_one_go() {
    for (Slot slot = 0; slot < map.members.size(); ++slot) {
      const Member& member = map.members[slot];
      if (member.id.empty() || member.state != MemberState::leaving || map.is_voter(slot) || map.holds(slot)) continue;
      change({Remove{member.id}});
      return true;
    }
    return false;
  }

  ClusterMap map;
  TimePoint now{std::chrono::hours(1)};
  std::vector<HandOver> under_way;
  Moves added;    // by partition: who got a copy
  Moves taken;    // by partition: whose copy ended
  Moves primary;  // by partition: who became primary
  std::vector<PartitionNumber> empty;
  // What happens this time; else it happens later.
  std::function<bool()> happens = [] { return true; };

 private:
  void note(const Steps& steps) {
    for (const Request& request : steps.requests) {
      if (const auto* add = std::get_if<AddLearner>(&request)) added[add->partition].push_back(add->node);
      if (const auto* take = std::get_if<TakeOutOfSync>(&request)) taken[take->partition].push_back(take->node);
      if (const auto* start = std::get_if<StartEmpty>(&request)) empty.push_back(start->partition);
    }
  }

  // Whether there were any.
  bool fill_learners() {
    bool is_filling = false;
    std::vector<Request> done;
    for (PartitionNumber number = 0; number < map.partitions.size(); ++number) {
      const Partition& partition = map.partitions[number];
      if (!map.is_up(partition.primary)) continue;
      for (const Learner& learner : partition.learners) {
        is_filling = true;
        if (!happens()) continue;
        done.emplace_back(PutInSync{
            .partition = number, .node = map.at(learner.node).id, .term = partition.term, .since = learner.since});
      }
    }
    if (!done.empty()) change(std::move(done));
    return is_filling;
  }

  void hand_over() {
    std::vector<Request> done;
    for (const HandOver& one : under_way) {
      if (!happens()) continue;
      EXPECT_EQ(map.partitions[one.partition].primary, one.from);
      primary[one.partition].push_back(map.at(one.to).id);
      done.emplace_back(
          MovePrimary{.partition = one.partition, .to = map.at(one.to).id, .term = map.partitions[one.partition].term});
    }
    if (!done.empty()) change(std::move(done));
  }

  void check_limits(const Steps& steps) const {
    EXPECT_LE(steps.requests.size(), policy_.requests_max);
    std::vector<std::size_t> fills(map.members.size());  // by who receives
    std::vector<std::size_t> hand_overs(map.members.size());
    for (const Partition& partition : map.partitions)
      for (const Learner& learner : partition.learners) ++fills[learner.node];
    for (const Request& request : steps.requests)
      if (const auto* add = std::get_if<AddLearner>(&request)) ++fills[map.slot_of(add->node)];
    for (const HandOver& one : steps.hand_overs) ++hand_overs[one.to];
    // Not by who gives: what is under way may have got another primary meanwhile, which then gives for two.
    EXPECT_LE(*std::ranges::max_element(fills), policy_.moves_max);
    EXPECT_LE(*std::ranges::max_element(hand_overs), policy_.moves_max);
  }

  Policy policy_;

 public:
  Planner planner;
};

}  // namespace p2p::cluster
