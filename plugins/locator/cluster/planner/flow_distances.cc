#include "cluster/planner/flow.h"

#include <algorithm>

namespace p2p::cluster {

// Whether a member that has room can be reached. Edges that are undone have a negative cost, so distances are improved
// until nothing is left to improve.
bool Flow::find_distances() {
  distance_.assign(limit_.size(), kFar);
  farthest_ = kFar;
  while (improve()) {
  }
  nearest_ = kFar;
  for (std::size_t member = 0; member < limit_.size(); ++member)
    if (count_[member] < limit_[member]) nearest_ = std::min(nearest_, distance_[member]);
  return nearest_ < kFar;
}

bool Flow::improve() {
  bool is_better = false;
  for (PartitionNumber partition = 0; partition < placed_.size(); ++partition) {
    Distance least = placed_[partition].size() < wanted_.copies ? 0 : kFar;
    for (const Place member : placed_[partition]) least = std::min(least, undo(partition, member));
    if (least >= farthest_) continue;
    const Distance hub = to_hub(partition);
    for (const Place member : wanted_.kept[partition])
      if (!is_placed(partition, member))
        is_better |= relax(member, to_zone(partition, wanted_.zone[member], hub) + kStep);
    if (!wanted_.others.empty()) {
      for (const Place member : wanted_.others[partition])
        if (!is_placed(partition, member) && !is_kept(partition, member))
          is_better |= relax(member, to_zone(partition, wanted_.zone[member], hub) + kMoved + kStep);
    } else if (least + kMoved + kStep < farthest_) {
      is_better |= improve_everybody(partition, hub);
    }
  }
  return is_better;
}

bool Flow::improve_everybody(PartitionNumber partition, Distance hub) {
  bool is_better = false;
  for (std::size_t zone = 0; zone < members_of_.size(); ++zone) {
    const Distance distance = to_zone(partition, static_cast<std::uint16_t>(zone), hub) + kMoved + kStep;
    if (distance >= farthest_) continue;
    for (const Place member : members_of_[zone])
      if (distance < distance_[member] && !is_placed(partition, member) && !is_kept(partition, member))
        is_better |= relax(member, distance);
  }
  if (is_better) farthest_ = *std::ranges::max_element(distance_);
  return is_better;
}

bool Flow::relax(Place member, Distance distance) {
  if (distance >= distance_[member]) return false;
  distance_[member] = distance;
  return true;
}

// To the zone that the copy at `member` frees a place in.
Flow::Distance Flow::undo(PartitionNumber partition, Place member) const {
  if (distance_[member] == kFar) return kFar;
  return distance_[member] - (is_kept(partition, member) ? 0 : kMoved);
}

Flow::Distance Flow::to_hub(PartitionNumber partition) const {
  if (has_spare(partition)) return 0;
  Distance distance = kFar;
  for (const Place member : placed_[partition]) {
    const std::uint16_t zone = wanted_.zone[member];
    if (placed_in(partition, zone) > wanted_.zones[zone].low) distance = std::min(distance, undo(partition, member));
  }
  return distance;
}

Flow::Distance Flow::to_zone(PartitionNumber partition, std::uint16_t zone, Distance hub) const {
  std::uint32_t placed = 0;
  Distance distance = kFar;
  for (const Place member : placed_[partition])
    if (wanted_.zone[member] == zone) {
      ++placed;
      distance = std::min(distance, undo(partition, member));
    }
  const Bounds& bounds = wanted_.zones[zone];
  if (placed < bounds.low) distance = std::min(distance, 0);
  return std::max(placed, bounds.low) < bounds.high ? std::min(distance, hub) : distance;
}

}  // namespace p2p::cluster
