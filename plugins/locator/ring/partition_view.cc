#include "ring/partition_view.h"

#include <algorithm>
#include <utility>

namespace p2p::ring {

using cluster::ClusterMap;
using cluster::kNoSlot;
using cluster::Member;
using cluster::MemberState;
using cluster::Slot;

namespace {

static_assert(kNoSlot == placement::kNobody && sizeof(Slot) == sizeof(placement::MemberIndex),
              "tables of partitions hold slots as they are");

// Copies that are down own nothing: they are in sync only while no other one is (M3).
placement::PartitionTable table_of(const ClusterMap& map) {
  placement::OwnerLists lists(static_cast<std::uint32_t>(map.partitions.size()));
  for (const cluster::Partition& partition : map.partitions) {
    boost::container::static_vector<Slot, cluster::kCopiesMax> owners;
    if (map.is_up(partition.primary)) owners.push_back(partition.primary);
    for (const Slot copy : partition.in_sync)
      if (copy != partition.primary && !owners.empty() && map.is_up(copy)) owners.push_back(copy);
    lists.append({owners.data(), owners.size()});
  }
  return {map.epoch, std::move(lists)};
}

std::uint64_t fingerprint_of(const ClusterMap& map) {
  const std::uint64_t text[] = {map.cluster.high, map.cluster.low, map.generation, map.epoch};
  return XXH3_64bits(text, sizeof text);
}

// An address's name costs an allocation: made once, not for each comparison.
struct Named {
  std::string name;
  Slot slot;
};

std::vector<Named> sorted_by_name(const ClusterMap& map, MemberState state) {
  std::vector<Named> found;
  for (std::size_t slot = 0; slot < map.members.size(); ++slot) {
    const Member& member = map.members[slot];
    if (member.id.empty() || member.state != state) continue;
    found.push_back({member.address.classic_name(), static_cast<Slot>(slot)});
  }
  std::ranges::sort(found, {}, &Named::name);
  return found;
}

}  // namespace

PartitionView::PartitionView(std::shared_ptr<const ClusterMap> map, const cluster::NodeId& self)
    : map_(std::move(map)), self_(map_->slot_of(self)), table_(table_of(*map_)), fingerprint_(fingerprint_of(*map_)) {
  list_members();
  for (std::size_t slot = 0; slot < map_->members.size(); ++slot) {
    if (!map_->is_up(static_cast<Slot>(slot))) continue;
    for (const std::string& service : map_->members[slot].services) add_runner(service, static_cast<Slot>(slot));
  }
}

void PartitionView::list_members() {
  for (const Named& member : sorted_by_name(*map_, MemberState::up)) {
    members_.push_back(map_->at(member.slot).address);
    member_slots_.push_back(member.slot);
  }
  for (const Named& member : sorted_by_name(*map_, MemberState::leaving))
    leaving_.push_back(map_->at(member.slot).address);
}

void PartitionView::add_runner(const std::string& service, Slot slot) {
  auto runners = std::ranges::find(runners_, service, &Runners::service);
  if (runners == runners_.end())
    runners = runners_.insert(runners_.end(), {service, std::vector<bool>(map_->members.size()), {}});
  runners->is_runner[slot] = true;
  if (map_->at(slot).state == MemberState::up) runners->members.push_back(slot);
}

std::uint32_t PartitionView::partition_of(std::string_view key) const noexcept {
  return placement::partition_of(key, table_.partitions());
}

Owner PartitionView::owner_at(Slot slot) const noexcept {
  if (slot == kNoSlot) return {};
  return {&map_->members[slot].address, slot == self_};
}

std::uint64_t PartitionView::weight(std::uint32_t partition, Slot slot) const noexcept {
  const cluster::NodeId& id = map_->members[slot].id;
  return placement::rendezvous_weight(partition, id.high, id.low);
}

bool PartitionView::precedes(std::uint32_t partition, Slot one, Slot other) const noexcept {
  const auto one_weight = weight(partition, one);
  const auto other_weight = weight(partition, other);
  return one_weight != other_weight ? one_weight > other_weight : map_->at(one).id < map_->at(other).id;
}

Owner PartitionView::owner_of(std::string_view key, std::string_view service) const {
  const auto runners = std::ranges::find(runners_, service, &Runners::service);
  if (runners == runners_.end()) return {};
  const std::uint32_t partition = partition_of(key);
  for (const Slot slot : table_.owners(partition))
    if (runners->is_runner[slot]) return owner_at(slot);
  const auto first =
      std::ranges::min_element(runners->members, [&](Slot one, Slot other) { return precedes(partition, one, other); });
  return owner_at(first == runners->members.end() ? kNoSlot : *first);
}

std::vector<NodeAddress> PartitionView::owners_of(std::string_view key, std::size_t count) const {
  const std::uint32_t partition = partition_of(key);
  const auto copies = table_.owners(partition);
  if (copies.empty()) return {};
  std::vector<Slot> slots(copies.begin(), copies.begin() + static_cast<std::ptrdiff_t>(std::min(count, copies.size())));
  if (slots.size() < count) {
    for (const Slot member : member_slots_)
      if (std::ranges::find(copies, member) == copies.end()) slots.push_back(member);
    std::sort(slots.begin() + static_cast<std::ptrdiff_t>(copies.size()), slots.end(),
              [&](Slot one, Slot other) { return precedes(partition, one, other); });
    slots.resize(std::min(count, slots.size()));
  }
  std::vector<NodeAddress> owners;
  owners.reserve(slots.size());
  for (const Slot slot : slots) owners.push_back(map_->at(slot).address);
  return owners;
}

std::vector<NodeAddress> PartitionView::copies_of(std::string_view key) const {
  std::vector<NodeAddress> copies;
  for (const Slot slot : table_.owners(partition_of(key))) copies.push_back(map_->at(slot).address);
  return copies;
}

}  // namespace p2p::ring
