#include "cluster/planner/flow.h"

#include <algorithm>
#include <tuple>

namespace p2p::cluster {

namespace {

// Where a partition begins to look among members that are alike: else neighbours would share all their members, and the
// load of one that fails would go to few.
std::size_t scattered(PartitionNumber partition, std::size_t salt) {
  std::uint64_t mixed = (std::uint64_t{partition} << 20 | salt) * 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u;
  return static_cast<std::size_t>(mixed >> 32);
}

}  // namespace

void Flow::begin_paths() {
  is_dead_.assign(limit_.size(), false);
  group_members();
  list_held();
}

void Flow::group_members() {
  groups_.clear();
  std::vector<Place> order;
  for (std::size_t member = 0; member < limit_.size(); ++member)
    if (distance_[member] < kFar) order.push_back(static_cast<Place>(member));
  const auto key = [&](Place member) { return std::tuple(distance_[member], wanted_.zone[member], member); };
  std::ranges::sort(order, {}, key);
  for (const Place member : order) {
    const std::uint16_t zone = wanted_.zone[member];
    if (groups_.empty() || groups_.back().distance != distance_[member] || groups_.back().zone != zone)
      groups_.push_back({.distance = distance_[member], .zone = zone, .members = {}});
    groups_.back().members.push_back(member);
  }
}

void Flow::list_held() {
  held_begin_.assign(limit_.size() + 1, 0);
  for (const Places& places : placed_)
    for (const Place member : places) ++held_begin_[member + 1u];
  for (std::size_t member = 0; member < limit_.size(); ++member) held_begin_[member + 1] += held_begin_[member];
  next_held_.assign(held_begin_.begin(), held_begin_.end() - 1);
  held_.resize(held_begin_.back());
  for (PartitionNumber partition = 0; partition < placed_.size(); ++partition)
    for (const Place member : placed_[partition]) held_[next_held_[member]++] = partition;
  next_held_.assign(held_begin_.begin(), held_begin_.end() - 1);
}

// One copy that the partition lacks; false: none of its copies finds a way.
bool Flow::place_missing(PartitionNumber partition) {
  Place found = kNobody;
  for (const std::uint16_t zone : due_zones_)
    if (found == kNobody && placed_in(partition, zone) < wanted_.zones[zone].low)
      found = find({.partition = partition, .zone = zone, .may_leave = false, .distance = 0});
  if (found == kNobody && has_spare(partition))
    found = find({.partition = partition, .zone = kNoZone, .may_leave = true, .distance = 0});
  if (found != kNobody) placed_[partition].push_back(found);
  return found != kNobody;
}

// Has the member take one more: it has room, or gives one of its own to another.
bool Flow::reach(Place member) {
  if (is_dead_[member]) return false;
  if (count_[member] < limit_[member] && distance_[member] == nearest_) {
    ++count_[member];
    return true;
  }
  for (; next_held_[member] < held_begin_[member + 1u]; ++next_held_[member]) {
    const PartitionNumber partition = held_[next_held_[member]];
    if (is_placed(partition, member) && replace(partition, member)) return true;
  }
  give_up(member);
  return false;
}

bool Flow::replace(PartitionNumber partition, Place member) {
  const std::uint16_t zone = wanted_.zone[member];
  const Place found = find({.partition = partition,
                            .zone = zone,
                            .may_leave = placed_in(partition, zone) > wanted_.zones[zone].low,
                            .distance = undo(partition, member)});
  if (found == kNobody) return false;
  // Searched for only now: the path may have come through this partition once more, in another zone.
  *std::ranges::find(placed_[partition], member) = found;
  return true;
}

bool Flow::opens(const Search& search, std::uint16_t zone) const {
  return zone == search.zone || (search.may_leave && hub_opens(search.partition, zone));
}

Place Flow::find(const Search& search) {
  Place found = find_in(wanted_.kept[search.partition], search, search.distance + kStep);
  if (found != kNobody) return found;
  const Distance moved = search.distance + kMoved + kStep;
  return wanted_.others.empty() ? find_in_groups(search, moved)
                                : find_in(wanted_.others[search.partition], search, moved);
}

Place Flow::find_in(const Places& members, const Search& search, Distance at) {
  for (const Place member : members)
    if (distance_[member] == at && !is_placed(search.partition, member) && opens(search, wanted_.zone[member]) &&
        reach(member))
      return member;
  return kNobody;
}

Place Flow::find_in_groups(const Search& search, Distance at) {
  const auto first = std::ranges::lower_bound(groups_, at, {}, &Group::distance);
  const auto last = std::ranges::upper_bound(groups_, at, {}, &Group::distance);
  const auto count = static_cast<std::size_t>(last - first);
  const std::size_t copies = placed_[search.partition].size();
  for (std::size_t step = 0, begin = scattered(search.partition, copies + 1); step < count; ++step) {
    Group& group = first[static_cast<std::ptrdiff_t>((begin + step) % count)];
    if (group.members.empty() || !opens(search, group.zone)) continue;
    if (const Place found = find_in_group(group, search); found != kNobody) return found;
  }
  return kNobody;
}

Place Flow::find_in_group(Group& group, const Search& search) {
  const std::size_t begin = scattered(search.partition, placed_[search.partition].size() + 1);
  for (std::size_t step = 0; step < group.members.size();) {
    const Place member = group.members[(begin + step) % group.members.size()];
    if (is_placed(search.partition, member)) {
      ++step;
      continue;
    }
    if (reach(member)) return member;
    step = 0;  // It is not in the group any more.
  }
  return kNobody;
}

void Flow::give_up(Place member) {
  is_dead_[member] = true;
  const auto is_before = [&](const Group& group) {
    return std::tuple(group.distance, group.zone) < std::tuple(distance_[member], wanted_.zone[member]);
  };
  std::erase(std::ranges::partition_point(groups_, is_before)->members, member);
}

}  // namespace p2p::cluster
