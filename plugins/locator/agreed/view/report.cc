#include "agreed/view/report.h"

#include "cluster/planner/shares.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace p2p::agreed {

using cluster::ClusterMap;
using cluster::Member;
using cluster::Partition;
using cluster::Slot;

std::vector<Holding> holdings(const ClusterMap& map) {
  std::vector<Holding> all(map.members.size());
  for (const Partition& partition : map.partitions) {
    ++all[partition.primary].primaries;
    for (const Slot copy : partition.in_sync) ++all[copy].in_sync;
    for (const cluster::Learner& learner : partition.learners) ++all[learner.node].learners;
  }
  return all;
}

Completeness completeness(const ClusterMap& map) {
  const cluster::Holders given_copies(map);
  const auto holders = static_cast<std::size_t>(
      std::ranges::count_if(map.members, [&](const cluster::Member& member) { return given_copies.include(member); }));
  const std::size_t wanted = std::clamp<std::size_t>(holders, 1, map.copies);
  Completeness found;
  for (const Partition& partition : map.partitions) {
    const bool is_served = map.is_up(partition.primary);
    const bool is_complete = is_served && partition.in_sync.size() >= wanted;
    ++(is_complete ? found.complete : found.under_replicated);
    if (!is_served) ++found.unserved;
  }
  return found;
}

std::vector<Slot> by_address(const ClusterMap& map) {
  std::vector<Slot> slots;
  for (std::size_t slot = 0; slot < map.members.size(); ++slot)
    if (!map.members[slot].id.empty()) slots.push_back(static_cast<Slot>(slot));
  std::ranges::sort(slots, {}, [&](Slot slot) { return std::tie(map.at(slot).address, map.at(slot).id); });
  return slots;
}

namespace {

bool is_id_digit(char letter) { return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f'); }

Result<Slot> only_one(const ClusterMap& map, const std::vector<Slot>& found, std::string_view text) {
  if (found.size() == 1) return found.front();
  if (found.empty())
    return Error{ErrorKind::not_found,
                 "no member has the address or id " + std::string(text) + "; `members` lists all"};
  std::string ids;
  for (const Slot slot : found) ids += ' ' + map.at(slot).id.text();
  return Error{ErrorKind::invalid, std::string(text) + " names several members; give more of one of these ids:" + ids};
}

}  // namespace

Result<Slot> member_named(const ClusterMap& map, std::string_view text) {
  if (const auto address = parse_node_address(text); address.ok()) {
    if (const Slot up = map.slot_at(address.value()); up != cluster::kNoSlot) return up;
    std::vector<Slot> found = by_address(map);
    std::erase_if(found, [&](Slot slot) { return map.at(slot).address != address.value(); });
    return only_one(map, found, text);
  }
  if (text.size() < kIdDigitsMin || !std::ranges::all_of(text, is_id_digit))
    return Error{ErrorKind::invalid, "'" + std::string(text) +
                                         "' is neither HOST:PORT nor the beginning of an id, of " +
                                         std::to_string(kIdDigitsMin) + " digits at least"};
  std::vector<Slot> found = by_address(map);
  std::erase_if(found, [&](Slot slot) { return !map.at(slot).id.text().starts_with(text); });
  return only_one(map, found, text);
}

}  // namespace p2p::agreed
