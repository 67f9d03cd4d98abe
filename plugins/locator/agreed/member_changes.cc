#include "agreed/member_changes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace p2p::agreed {

using cluster::ClusterMap;
using cluster::Member;
using cluster::MemberState;
using cluster::NodeId;
using membership::ChangeKind;
using membership::MembershipChange;

namespace {

// What a member was before it is one, and after.
const Member& nobody() {
  static const Member member = [] {
    Member down;
    down.state = MemberState::down;
    return down;
  }();
  return member;
}

std::unordered_map<NodeId, const Member*> by_id(const ClusterMap* map) {
  std::unordered_map<NodeId, const Member*> members;
  if (map == nullptr) return members;
  for (const Member& member : map->members)
    if (!member.id.empty()) members.emplace(member.id, &member);
  return members;
}

MembershipChange change_of(ChangeKind kind, const Member& member, const char* what, bool is_trouble = false) {
  return {.kind = kind, .address = member.address, .text = member.address.name() + what, .is_trouble = is_trouble};
}

bool is_on_ring(const Member& member) { return member.state == MemberState::up; }

// A member that came to the ring, or is on it in another way.
std::optional<MembershipChange> arrival(const Member& before, const Member& after) {
  if (!is_on_ring(before)) return change_of(ChangeKind::joined, after, before.id.empty() ? " has joined" : " is back");
  if (before.boot != after.boot) return change_of(ChangeKind::restarted, after, " has restarted");
  return std::nullopt;
}

std::optional<MembershipChange> departure(const Member& before, const Member& after) {
  const bool was_on_ring = !before.id.empty() && is_on_ring(before);
  if (after.state == MemberState::leaving)
    return was_on_ring ? std::optional(change_of(ChangeKind::leaving, after, " is leaving")) : std::nullopt;
  if (was_on_ring)
    return change_of(ChangeKind::left, before, after.id.empty() ? " has left" : " is down", !after.id.empty());
  if (before.state != MemberState::leaving) return std::nullopt;
  return change_of(ChangeKind::gone, before, " has left");
}

// An address that has changed is another node to the ring.
void compare(const Member& before, const Member& after, std::vector<MembershipChange>& changes) {
  if (!before.id.empty() && !after.id.empty() && before.address != after.address) {
    compare(before, nobody(), changes);
    return compare(nobody(), after, changes);
  }
  const auto change = is_on_ring(after) && !after.id.empty() ? arrival(before, after) : departure(before, after);
  if (change) changes.push_back(*change);
}

}  // namespace

std::vector<MembershipChange> member_changes(const ClusterMap* before, const ClusterMap& after, const NodeId& self) {
  std::vector<MembershipChange> changes;
  const auto was = by_id(before);
  const auto is = by_id(&after);
  // Who went first: an address may have been taken over.
  for (const auto& [id, member] : was)
    if (id != self && !is.contains(id)) compare(*member, nobody(), changes);
  for (const Member& member : after.members) {
    if (member.id.empty() || member.id == self) continue;
    const auto found = was.find(member.id);
    compare(found == was.end() ? nobody() : *found->second, member, changes);
  }
  if (changes.empty()) changes.push_back({.kind = ChangeKind::ownership, .address = {}});
  return changes;
}

std::vector<NodeAddress> ring_members(const ClusterMap& map) {
  std::vector<std::pair<std::string, NodeAddress>> named;  // a name costs an allocation
  for (const Member& member : map.members)
    if (!member.id.empty() && is_on_ring(member)) named.emplace_back(member.address.name(), member.address);
  std::ranges::sort(named, {}, [](const auto& one) -> const std::string& { return one.first; });
  std::vector<NodeAddress> members;
  for (auto& [name, address] : named) members.push_back(std::move(address));
  return members;
}

}  // namespace p2p::agreed
