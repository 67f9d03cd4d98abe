#include "cluster/planner/member_steps.h"

#include <algorithm>

namespace p2p::cluster {

namespace {

std::vector<bool> members_that_hold(const ClusterMap& map) {
  std::vector<bool> hold(map.members.size());
  for (const Partition& partition : map.partitions) {
    for (const Slot copy : partition.in_sync) hold[copy] = true;
    for (const Learner& learner : partition.learners) hold[learner.node] = true;
  }
  return hold;
}

// J4. One that is leaving says itself when it may go (J3).
bool is_gone(const Situation& situation, Slot node) {
  const Member& member = situation.map.at(node);
  if (member.id.empty() || situation.map.is_voter(node)) return false;
  return situation.ages.is_down_for(node, situation.policy.remove_after, situation.now);
}

// M7; 0: there are no members.
std::uint32_t known_by_all(const ClusterMap& map) {
  std::uint32_t level = 0;
  for (const Member& member : map.members)
    if (!member.id.empty()) level = level == 0 ? member.feature_level : std::min(level, member.feature_level);
  return level;
}

}  // namespace

std::vector<Request> member_steps(const Situation& situation) {
  const ClusterMap& map = situation.map;
  std::vector<Request> steps;
  const std::vector<bool> hold = members_that_hold(map);
  for (std::size_t at = 0; at < map.members.size(); ++at)
    if (!hold[at] && is_gone(situation, static_cast<Slot>(at))) steps.emplace_back(Remove{map.members[at].id});
  if (const std::uint32_t level = known_by_all(map); level > map.feature_level)
    steps.emplace_back(RaiseFeatureLevel{level});
  return steps;
}

}  // namespace p2p::cluster
