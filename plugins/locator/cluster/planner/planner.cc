#include "cluster/planner/planner.h"

#include <algorithm>
#include <utility>

namespace p2p::cluster {

namespace {

std::vector<NodeId> ids_of(const ClusterMap& map, const Shares& shares) {
  std::vector<NodeId> ids;
  for (const Holder& holder : shares.holders) ids.push_back(map.at(holder.slot).id);
  return ids;
}

Slots copies_of(const Partition& partition) {
  Slots copies(partition.in_sync.begin(), partition.in_sync.end());
  for (const Learner& learner : partition.learners) copies.push_back(learner.node);
  return copies;
}

}  // namespace

Steps Planner::next(const ClusterMap& map, TimePoint now, const std::vector<HandOver>& under_way) {
  const Target& target = target_for(map);
  Policy policy = policy_;
  if (!map.has_holders()) policy.moves_max = policy.balance_moves_max = policy.moves_without_data_max;
  return next_steps(
      {.map = map, .target = target, .ages = ages_, .now = now, .policy = policy, .under_way = under_way});
}

const Target& Planner::target_for(const ClusterMap& map) {
  Shares shares = shares_of(map);
  std::vector<NodeId> holders = ids_of(map, shares);
  if (target_.copies.size() == map.partitions.size() && shares == shares_ && holders == holders_) {
    const Remaining left = remaining(map, target_);
    if (is_on_the_way(map, left)) {
      left_ = left;
      return target_;
    }
  }
  target_ = make_target(map);
  shares_ = std::move(shares);
  holders_ = std::move(holders);
  left_ = remaining(map, target_);
  before_.clear();
  for (const Partition& partition : map.partitions) before_.push_back(copies_of(partition));
  return target_;
}

// Nothing was lost, and nobody has a copy that the target did not know of.
bool Planner::is_on_the_way(const ClusterMap& map, const Remaining& left) const {
  if (left.copies > left_.copies || left.primaries > left_.primaries) return false;
  for (PartitionNumber number = 0; number < map.partitions.size(); ++number) {
    const auto is_known = [&](Slot copy) {
      return target_.has(number, copy) || std::ranges::find(before_[number], copy) != before_[number].end();
    };
    if (!std::ranges::all_of(copies_of(map.partitions[number]), is_known)) return false;
  }
  return true;
}

}  // namespace p2p::cluster
