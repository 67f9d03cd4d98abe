#include "cluster/map/cluster_map.h"

#include <p2p/assert.h>

#include <algorithm>
#include <bit>
#include <set>
#include <string_view>

namespace p2p::cluster {

bool Partition::is_in_sync(Slot node) const noexcept { return std::ranges::find(in_sync, node) != in_sync.end(); }

const Learner* Partition::learner(Slot node) const noexcept {
  const auto found = std::ranges::find(learners, node, &Learner::node);
  return found == learners.end() ? nullptr : &*found;
}

void SlotHints::note(const std::vector<Member>& members) {
  by_id_.assign(std::bit_ceil(2 * members.size() + 1), kNoSlot);
  for (std::size_t slot = 0; slot < members.size(); ++slot) {
    if (members[slot].id.empty()) continue;
    std::size_t at = members[slot].id.high;  // random
    while (by_id_[at & (by_id_.size() - 1)] != kNoSlot) ++at;
    by_id_[at & (by_id_.size() - 1)] = static_cast<Slot>(slot);
  }
}

Slot SlotHints::find(const std::vector<Member>& members, const NodeId& id) const noexcept {
  if (by_id_.empty()) return kNoSlot;
  for (std::size_t at = id.high;; ++at) {
    const Slot slot = by_id_[at & (by_id_.size() - 1)];
    if (slot == kNoSlot) return kNoSlot;
    if (slot < members.size() && members[slot].id == id) return slot;
  }
}

Slot ClusterMap::slot_of(const NodeId& id) const noexcept {
  if (id.empty()) return kNoSlot;
  if (const Slot hint = hints.find(members, id); hint != kNoSlot) return hint;
  const auto found = std::ranges::find(members, id, &Member::id);
  return found == members.end() ? kNoSlot : static_cast<Slot>(found - members.begin());
}

Slot ClusterMap::slot_at(const NodeAddress& address) const noexcept {
  const auto found =
      std::ranges::find_if(members, [&](const Member& member) { return member.is_up() && member.address == address; });
  return found == members.end() ? kNoSlot : static_cast<Slot>(found - members.begin());
}

bool ClusterMap::holds(Slot slot) const noexcept {
  return std::ranges::any_of(
      partitions, [slot](const Partition& one) { return one.is_in_sync(slot) || one.learner(slot) != nullptr; });
}

bool ClusterMap::is_voter(Slot slot) const noexcept { return std::ranges::binary_search(voters, slot); }

std::size_t ClusterMap::member_count() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(members, [](const Member& one) { return !one.id.empty(); }));
}

bool ClusterMap::has_holders() const noexcept {
  return std::ranges::any_of(members, [](const Member& one) { return !one.id.empty() && one.holds_partitions; });
}

bool Holders::include(const Member& member) const noexcept {
  return !member.id.empty() && member.state == MemberState::up && member.weight > 0 && may_include(member);
}

RequiredCopies::RequiredCopies(const ClusterMap& map) : copies_min_(map.copies_min) {
  const Holders given_copies(map);
  for (const Member& member : map.members)
    if (given_copies.include(member)) since_.push_back(member.since);
  std::ranges::sort(since_);
}

std::size_t RequiredCopies::of(const Partition& partition) const noexcept {
  const auto came_before = std::ranges::lower_bound(since_, partition.term) - since_.begin();
  return std::min(copies_min_, std::max<std::size_t>(1, static_cast<std::size_t>(came_before)));
}

std::size_t ClusterMap::up_count() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(members, &Member::is_up));
}

ClusterMap found(const Founding& founding) {
  P2P_ASSERT(std::has_single_bit(founding.partitions) && founding.partitions <= kPartitionsMax,
             "the number of partitions must be a power of two within the limit");
  P2P_ASSERT(founding.copies > 0 && founding.copies < kCopiesMax, "the number of copies must be within the limit");
  ClusterMap map{.epoch = 1,
                 .cluster = founding.cluster,
                 .succeeds = founding.succeeds,
                 .founded_by_hand = founding.by_hand,
                 .copies = founding.copies,
                 .copies_min = founding.copies_min,
                 .durability = founding.durability,
                 .feature_level = founding.founder.feature_level,
                 .members = {founding.founder},
                 .voters = {0},
                 .voters_since = 1,
                 .partitions = std::vector<Partition>(founding.partitions)};
  map.members.front().state = MemberState::up;
  map.members.front().since = 1;
  map.hints.note(map.members);
  for (Partition& partition : map.partitions) {
    partition.primary = 0;
    partition.in_sync = {0};
    partition.term = partition.born = 1;
  }
  return map;
}

namespace {

std::string unsoundness_of_members(const ClusterMap& map) {
  if (map.members.size() > kMembersMax) return "it has too many members";
  std::set<NodeId> ids;
  for (const Member& member : map.members) {
    if (!member.id.empty() && !ids.insert(member.id).second) return "it has a member twice: " + member.id.text();
    if (member.weight > kWeightMax) return "the weight of a member is too large";
    if (!member.id.empty() && member.feature_level < map.feature_level) return "a member knows less than is in force";
  }
  return {};
}

bool is_member(const ClusterMap& map, Slot slot) { return slot < map.members.size() && !map.members[slot].id.empty(); }

std::string unsoundness_of_voters(const ClusterMap& map) {
  if (map.voters.size() % 2 == 0 || map.voters.size() > kVotersMax)
    return "it has a number of voters that is not allowed";
  if (!std::ranges::is_sorted(map.voters) || std::ranges::adjacent_find(map.voters) != map.voters.end())
    return "its voters are not sorted, or one is there twice";
  for (const Slot voter : map.voters)
    if (!is_member(map, voter)) return "a voter is no member";
  return map.voters_since > map.epoch ? "its voters come from a later epoch" : "";
}

std::string unsoundness_of_recovery(const ClusterMap& map) {
  if (map.recovered_from >= map.epoch) return "it was recovered from a later epoch";
  if (!map.is_recovering() && !map.confirmers.empty()) return "it waits for members, and is not being recovered";
  if (!map.is_recovering()) return map.given_up.empty() ? "" : "it gives members up, and is not being recovered";
  if (map.slot_of(map.recovered_by) == kNoSlot) return "whoever recovers it is no member";
  if (!std::ranges::is_sorted(map.confirmers) || std::ranges::adjacent_find(map.confirmers) != map.confirmers.end())
    return "those that it waits for are not sorted, or one is there twice";
  const bool are_members = std::ranges::all_of(map.confirmers, [&](Slot slot) { return is_member(map, slot); });
  if (!are_members) return "it waits for somebody who is no member";
  const bool has_left = std::ranges::any_of(map.given_up, [&](const NodeId& id) { return map.slot_of(id) != kNoSlot; });
  return has_left ? "it gives up somebody who is a member" : "";
}

std::string_view unsoundness_of(const ClusterMap& map, const Partition& partition) {
  // Whoever is put in sync must find room.
  if (partition.in_sync.size() + partition.learners.size() > kCopiesMax) return "it has too many copies";
  // Some ten at most: asked for thousands of partitions, a set would cost more than all the rest.
  boost::container::static_vector<Slot, kCopiesMax> seen;
  const auto is_new = [&](Slot copy) {
    if (std::ranges::find(seen, copy) != seen.end()) return false;
    seen.push_back(copy);
    return true;
  };
  for (const Slot copy : partition.in_sync)
    if (!is_member(map, copy) || !is_new(copy)) return "an in-sync copy is no member, or is there twice";
  for (const Learner& learner : partition.learners) {
    if (!is_member(map, learner.node) || !is_new(learner.node))
      return "a learner is no member, or holds the partition already";
    if (!map.is_up(learner.node) || learner.since > map.epoch) return "a learner is down, or begins later";
  }
  if (!partition.is_in_sync(partition.primary)) return "the primary is not in sync";
  const bool has_up = std::ranges::any_of(partition.in_sync, [&](Slot copy) { return map.is_up(copy); });
  const bool has_down = std::ranges::any_of(partition.in_sync, [&](Slot copy) { return !map.is_up(copy); });
  if (has_up && has_down) return "a member that is down counts as in sync beside one that is up";
  return partition.term > map.epoch || partition.born > partition.term ? "its term is from a later epoch" : "";
}

}  // namespace

std::string unsoundness(const ClusterMap& map) {
  if (map.epoch == 0 || map.cluster.empty()) return "it has no epoch, or no network";
  if (!std::has_single_bit(map.partitions.size()) || map.partitions.size() > kPartitionsMax)
    return "the number of its partitions is no power of two within the limit";
  if (map.copies == 0 || map.copies >= kCopiesMax || map.copies_min > map.copies)
    return "it asks for a number of copies that is not allowed";
  if (std::string why = unsoundness_of_members(map); !why.empty()) return why;
  if (std::string why = unsoundness_of_voters(map); !why.empty()) return why;
  if (std::string why = unsoundness_of_recovery(map); !why.empty()) return why;
  for (std::size_t number = 0; number < map.partitions.size(); ++number)
    if (const std::string_view why = unsoundness_of(map, map.partitions[number]); !why.empty())
      return "partition " + std::to_string(number) + ": " + std::string(why);
  return {};
}

}  // namespace p2p::cluster
