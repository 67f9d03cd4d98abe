#include "classic/core/ownership_snapshot.h"

#include <algorithm>
#include <optional>

namespace p2p::diststore {
namespace {

bool affects(const AcquiredRange& acquired_range, std::string_view key) {
  return !acquired_range.before->owner_of(key).is_self;
}

bool is_in(const std::vector<NodeAddress>& sorted, const NodeAddress& wanted) {
  return std::binary_search(sorted.begin(), sorted.end(), wanted);
}

void insert(std::vector<NodeAddress>& sorted, const NodeAddress& added) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), added);
  if (at == sorted.end() || *at != added) sorted.insert(at, added);
}

}  // namespace

ViewVersion OwnershipSnapshot::confirmed_from(std::string_view key) const {
  ViewVersion from = kNeverConfirmed;
  for (const AcquiredRange& acquired_range : acquired_ranges) {
    if (acquired_range.view_version > from && affects(acquired_range, key)) from = acquired_range.view_version;
  }
  return from;
}

namespace {

// In the order of successive owners of `key`: the node right after `self`, a member.
std::optional<NodeAddress> next_owner(const RingView& ring, const NodeAddress& self, std::string_view key) {
  // An owner is among the first few; a node that is asked for another node's key may be anywhere.
  constexpr std::size_t kFew = 4;
  for (const std::size_t count : {kFew, ring.members().size()}) {
    const std::vector<NodeAddress> order = ring.owners_of(key, count);
    const auto at = std::find(order.begin(), order.end(), self);
    if (at != order.end() && at + 1 != order.end()) return *(at + 1);
  }
  return std::nullopt;
}

}  // namespace

// A key acquired by a leave is at the leaver, or at the nodes from which the leaver awaited keys. One acquired by a
// join is at the next node on the ring, which owned it before or knows from where it awaits it; or at a leaver that was
// there. Once this node itself is off the ring, no node is next to it. What comes by puts of the 2009 system may be at
// any recipient, wherever such a node took the owner to be.
std::vector<NodeAddress> OwnershipSnapshot::former_owners(std::string_view key) const {
  std::vector<NodeAddress> owners;
  const auto& members = ring->members();
  const bool is_member = std::find(members.begin(), members.end(), self) != members.end();
  for (const AcquiredRange& acquired_range : acquired_ranges) {
    if (!affects(acquired_range, key)) continue;
    const bool is_by_join = acquired_range.is_join && is_member;
    for (const NodeAddress& source : is_by_join ? acquired_range.recipients : acquired_range.sources) {
      if (!is_by_join || !is_leaving(source)) insert(owners, source);
    }
    if (!is_by_join) continue;
    for (const Leaver& leaver : leavers) {
      const bool is_next = leaver.may_have(key) || next_owner(*leaver.with_it, self, key) == leaver.node;
      if (is_next && is_in(acquired_range.sources, leaver.node)) insert(owners, leaver.node);
    }
    if (const auto next = next_owner(*ring, self, key)) insert(owners, *next);
  }
  return owners;
}

bool OwnershipSnapshot::is_next(const NodeAddress& node, std::string_view key) const {
  return next_owner(*ring, self, key) == node;
}

bool OwnershipSnapshot::is_leaving(const NodeAddress& node) const {
  const auto& leaving = ring->leaving();
  return std::find(leaving.begin(), leaving.end(), node) != leaving.end();
}

bool OwnershipSnapshot::is_present(const NodeAddress& node) const {
  const auto& members = ring->members();
  return std::find(members.begin(), members.end(), node) != members.end() || is_leaving(node);
}

std::vector<NodeAddress> OwnershipSnapshot::leavers_with(std::string_view key) const {
  std::vector<NodeAddress> owners;
  for (const Leaver& leaver : leavers) {
    if (leaver.may_have(key)) insert(owners, leaver.node);
  }
  return owners;
}

bool OwnershipSnapshot::was_owner_before(const NodeAddress& receiver, std::string_view key) const {
  for (const auto& former : former_rings) {
    const Owner owner = former->owner_of(key);
    if (owner.is_self) return true;
    if (owner.address == nullptr || *owner.address != receiver) return false;
  }
  return false;
}

std::vector<NodeAddress> OwnershipSnapshot::owners_since(const NodeAddress& receiver, std::string_view key) const {
  std::vector<NodeAddress> owners;
  for (const auto& former : former_rings) {
    const Owner owner = former->owner_of(key);
    if (owner.is_self) break;
    if (owner.address != nullptr && *owner.address != receiver) insert(owners, *owner.address);
  }
  return owners;
}

std::vector<NodeAddress> OwnershipSnapshot::others() const {
  std::vector<NodeAddress> all = ring->members();
  std::erase(all, self);
  return all;
}

bool OwnershipSnapshot::awaits_from(const NodeAddress& node) const {
  return std::any_of(acquired_ranges.begin(), acquired_ranges.end(),
                     [&](const AcquiredRange& acquired_range) { return is_in(acquired_range.sources, node); });
}

// While this node still awaits keys from `holder`, it knows no more than that.
bool OwnershipSnapshot::may_give(const NodeAddress& holder, const NodeAddress& owner) const {
  const bool is_giver = std::any_of(gifts.begin(), gifts.end(),
                                    [&](const Gift& gift) { return gift.to == owner && is_in(gift.givers, holder); });
  return is_giver || awaits_from(holder);
}

NodeAddress OwnershipSnapshot::holder_before(const NodeAddress& owner, std::string_view key) const {
  for (const Gift& gift : gifts) {
    const Owner holder = gift.to == owner ? gift.before->owner_of(key) : Owner{};
    if (holder.address != nullptr) return *holder.address;
  }
  return {};
}

std::vector<NodeAddress> OwnershipSnapshot::all_sources() const {
  std::vector<NodeAddress> all;
  for (const AcquiredRange& acquired_range : acquired_ranges) {
    for (const NodeAddress& source : acquired_range.sources) insert(all, source);
  }
  return all;
}

}  // namespace p2p::diststore
