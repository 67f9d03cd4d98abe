#include "cluster/planner/flow.h"

#include <algorithm>
#include <utility>

namespace p2p::cluster {

Flow::Flow(const Placement& wanted)
    : wanted_(wanted),
      spare_(wanted.copies),
      members_of_(wanted.zones.size()),
      placed_(wanted.kept.size()),
      count_(wanted.members.size()) {
  for (std::size_t zone = 0; zone < wanted.zones.size(); ++zone) {
    if (wanted.zones[zone].low == 0) continue;
    due_zones_.push_back(static_cast<std::uint16_t>(zone));
    spare_ -= std::min(spare_, wanted.zones[zone].low);
  }
  for (std::size_t member = 0; member < wanted.members.size(); ++member) {
    members_of_[wanted.zone[member]].push_back(static_cast<Place>(member));
    limit_.push_back(wanted.members[member].low);
  }
}

std::vector<Places> Flow::solve() && {
  keep_what_fits();
  augment();
  for (std::size_t member = 0; member < limit_.size(); ++member) limit_[member] = wanted_.members[member].high;
  augment();
  // Only where the bounds allow no placement: never more than a copy of each.
  for (std::size_t more = 0; !is_complete() && more < placed_.size(); more = 2 * more + 1) {
    for (std::uint32_t& limit : limit_) limit += static_cast<std::uint32_t>(more) + 1;
    augment();
  }
  return std::move(placed_);
}

// Paths of no cost from a flow that is empty: a flow of least cost, to begin with. All first choices go before all
// second ones.
void Flow::keep_what_fits() {
  for (std::size_t choice = 0; choice < kCopiesMax; ++choice)
    for (PartitionNumber partition = 0; partition < placed_.size(); ++partition) {
      if (choice >= wanted_.kept[partition].size()) continue;
      const Place member = wanted_.kept[partition][choice];
      const std::uint16_t zone = wanted_.zone[member];
      const bool is_due = placed_in(partition, zone) < wanted_.zones[zone].low;
      if (count_[member] == limit_[member] || !(is_due || (has_spare(partition) && hub_opens(partition, zone))))
        continue;
      placed_[partition].push_back(member);
      ++count_[member];
    }
}

void Flow::augment() {
  while (!is_complete() && find_distances()) {
    begin_paths();
    bool is_better = false;
    for (PartitionNumber partition = 0; partition < placed_.size(); ++partition)
      while (placed_[partition].size() < wanted_.copies && place_missing(partition)) is_better = true;
    if (!is_better) return;
  }
}

bool Flow::is_complete() const {
  return std::ranges::all_of(placed_, [&](const Places& places) { return places.size() >= wanted_.copies; });
}

bool Flow::is_placed(PartitionNumber partition, Place member) const {
  return std::ranges::find(placed_[partition], member) != placed_[partition].end();
}

bool Flow::is_kept(PartitionNumber partition, Place member) const {
  return std::ranges::find(wanted_.kept[partition], member) != wanted_.kept[partition].end();
}

std::uint32_t Flow::placed_in(PartitionNumber partition, std::uint16_t zone) const {
  std::uint32_t count = 0;
  for (const Place member : placed_[partition]) count += wanted_.zone[member] == zone ? 1 : 0;
  return count;
}

bool Flow::has_spare(PartitionNumber partition) const {
  if (spare_ == 0) return false;
  std::uint32_t due = 0;  // that zones lack
  for (const std::uint16_t zone : due_zones_)
    due += wanted_.zones[zone].low - std::min(wanted_.zones[zone].low, placed_in(partition, zone));
  return placed_[partition].size() + due < wanted_.copies;
}

bool Flow::hub_opens(PartitionNumber partition, std::uint16_t zone) const {
  const Bounds& bounds = wanted_.zones[zone];
  return std::max(placed_in(partition, zone), bounds.low) < bounds.high;
}

std::vector<Places> place(const Placement& wanted) { return Flow(wanted).solve(); }

}  // namespace p2p::cluster
