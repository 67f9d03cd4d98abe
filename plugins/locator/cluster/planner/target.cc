#include "cluster/planner/target.h"

#include "cluster/planner/placement.h"

#include <algorithm>

namespace p2p::cluster {

namespace {

constexpr Place kNoPlace = 0xffff;

// Members by slot, those that are to hold nothing left out.
std::vector<Place> places_by_slot(const ClusterMap& map, const Shares& shares) {
  std::vector<Place> places(map.members.size(), kNoPlace);
  for (std::size_t at = 0; at < shares.holders.size(); ++at) places[shares.holders[at].slot] = static_cast<Place>(at);
  return places;
}

void keep(Places& kept, Place place) {
  if (place != kNoPlace && kept.size() < kept.capacity() && std::ranges::find(kept, place) == kept.end())
    kept.push_back(place);
}

// The primary is kept rather than another copy, and a whole copy rather than a learner.
Places copies_there(const Partition& partition, const std::vector<Place>& places) {
  Places kept;
  keep(kept, places[partition.primary]);
  for (const Slot copy : partition.in_sync) keep(kept, places[copy]);
  for (const Learner& learner : partition.learners) keep(kept, places[learner.node]);
  return kept;
}

Placement placement_of_copies(const ClusterMap& map, const Shares& shares, const std::vector<Place>& places) {
  Placement wanted{.copies = shares.copies, .members = {}, .zone = {}, .zones = shares.zones, .kept = {}, .others = {}};
  for (const Holder& holder : shares.holders) {
    wanted.members.push_back(holder.copies);
    wanted.zone.push_back(holder.zone);
  }
  for (const Partition& partition : map.partitions) wanted.kept.push_back(copies_there(partition, places));
  return wanted;
}

Placement placement_of_primaries(const ClusterMap& map, const Shares& shares, const std::vector<Place>& places,
                                 const std::vector<Places>& copies) {
  Placement wanted{.copies = 1,
                   .members = {},
                   .zone = std::vector<std::uint16_t>(shares.holders.size()),
                   .zones = {{.low = 1, .high = 1}},
                   .kept = {},
                   .others = copies};
  for (const Holder& holder : shares.holders) wanted.members.push_back(holder.primaries);
  wanted.kept.reserve(copies.size());
  for (PartitionNumber partition = 0; partition < copies.size(); ++partition) {
    const Place now = places[map.partitions[partition].primary];
    const bool stays = std::ranges::find(copies[partition], now) != copies[partition].end();
    wanted.kept.push_back(stays ? Places{now} : Places{});
  }
  return wanted;
}

// `due`: the zones that must have a copy.
bool fits_zones(const Placement& wanted, const std::vector<std::uint16_t>& due, const Places& kept) {
  const auto count_in = [&](std::uint16_t zone) {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(kept, [&](Place member) { return wanted.zone[member] == zone; }));
  };
  for (const std::uint16_t zone : due)
    if (count_in(zone) < wanted.zones[zone].low) return false;
  return std::ranges::all_of(
      kept, [&](Place member) { return count_in(wanted.zone[member]) <= wanted.zones[wanted.zone[member]].high; });
}

bool keeps_bounds(const Placement& wanted, const std::vector<Places>& all) {
  std::vector<std::uint32_t> counts(wanted.members.size());
  std::vector<std::uint16_t> due;
  for (std::size_t zone = 0; zone < wanted.zones.size(); ++zone)
    if (wanted.zones[zone].low > 0) due.push_back(static_cast<std::uint16_t>(zone));
  for (const Places& places : all) {
    if (places.size() != wanted.copies || !fits_zones(wanted, due, places)) return false;
    for (const Place member : places) ++counts[member];
  }
  for (std::size_t member = 0; member < counts.size(); ++member)
    if (counts[member] < wanted.members[member].low || counts[member] > wanted.members[member].high) return false;
  return true;
}

// Most maps are as they should be: then there is nothing to search for.
std::vector<Places> solve(const Placement& wanted) {
  return keeps_bounds(wanted, wanted.kept) ? wanted.kept : place(wanted);
}

std::vector<Places> solve_primaries(Placement wanted, const Shares& shares) {
  std::vector<Places> primaries = solve(wanted);
  if (keeps_bounds(wanted, primaries)) return primaries;
  for (std::size_t at = 0; at < shares.holders.size(); ++at) wanted.members[at] = shares.holders[at].primaries_at_most;
  return solve(wanted);
}

}  // namespace

bool Target::has(PartitionNumber partition, Slot node) const {
  return std::ranges::binary_search(copies[partition], node);
}

Target make_target(const ClusterMap& map) {
  const Shares shares = shares_of(map);
  Target target{.copies = std::vector<Slots>(map.partitions.size()),
                .primaries = std::vector<Slot>(map.partitions.size(), kNoSlot)};
  if (shares.holders.empty()) return target;
  const std::vector<Place> places = places_by_slot(map, shares);
  const std::vector<Places> copies = solve(placement_of_copies(map, shares, places));
  const std::vector<Places> primaries = solve_primaries(placement_of_primaries(map, shares, places, copies), shares);
  for (PartitionNumber partition = 0; partition < copies.size(); ++partition) {
    for (const Place place : copies[partition]) target.copies[partition].push_back(shares.holders[place].slot);
    std::ranges::sort(target.copies[partition]);
    if (!primaries[partition].empty()) target.primaries[partition] = shares.holders[primaries[partition].front()].slot;
  }
  return target;
}

Remaining remaining(const ClusterMap& map, const Target& target) {
  Remaining left;
  for (PartitionNumber number = 0; number < map.partitions.size(); ++number) {
    const Partition& partition = map.partitions[number];
    for (const Slot node : target.copies[number])
      if (!partition.is_in_sync(node) && partition.learner(node) == nullptr) ++left.copies;
    if (target.primaries[number] != kNoSlot && target.primaries[number] != partition.primary) ++left.primaries;
  }
  return left;
}

}  // namespace p2p::cluster
