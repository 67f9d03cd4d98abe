#include "serving/standing.h"

#include <algorithm>
#include <optional>

namespace p2p::diststore {
namespace {

bool affects(const Gain& gain, std::string_view key) { return !gain.before->owner_of(key).is_self; }

bool contains(const std::vector<Location>& sorted, const Location& wanted) {
  return std::binary_search(sorted.begin(), sorted.end(), wanted);
}

void insert(std::vector<Location>& sorted, const Location& added) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), added);
  if (at == sorted.end() || *at != added) sorted.insert(at, added);
}

}  // namespace

Era Standing::settled_from(std::string_view key) const {
  Era from = kNeverSettled;
  for (const Gain& gain : gains) {
    if (gain.era > from && affects(gain, key)) from = gain.era;
  }
  return from;
}

namespace {

// Of the nodes that would own `key` one after the other: who comes right behind `self`, a member.
std::optional<Location> next_owner(const RingView& ring, const Location& self, std::string_view key) {
  // An owner is among the first few; a node that is asked for another one's key may be anywhere.
  constexpr std::size_t kFew = 4;
  for (const std::size_t count : {kFew, ring.members().size()}) {
    const std::vector<Location> order = ring.owners_of(key, count);
    const auto at = std::find(order.begin(), order.end(), self);
    if (at != order.end() && at + 1 != order.end()) return *(at + 1);
  }
  return std::nullopt;
}

}  // namespace

// A key that came by a leave lies at who left, or at those from whom that one awaited keys. One that came by a join
// lies at the next on the ring, who owned it before or knows from whom it awaits it; or at one that leaves and stood
// there. Once this node itself is off the ring nobody is next to it. What comes by puts of the 2009 system may lie at
// any recipient, wherever such a node took the owner to be.
std::vector<Location> Standing::former_owners(std::string_view key) const {
  std::vector<Location> owners;
  const auto& members = ring->members();
  const bool is_member = std::find(members.begin(), members.end(), self) != members.end();
  for (const Gain& gain : gains) {
    if (!affects(gain, key)) continue;
    const bool is_by_join = gain.is_join && is_member;
    for (const Location& source : is_by_join ? gain.recipients : gain.sources) {
      if (!is_by_join || !is_leaving(source)) insert(owners, source);
    }
    if (!is_by_join) continue;
    for (const Leaver& leaver : leavers) {
      const bool is_next = leaver.may_have(key) || next_owner(*leaver.with_it, self, key) == leaver.node;
      if (is_next && contains(gain.sources, leaver.node)) insert(owners, leaver.node);
    }
    if (const auto next = next_owner(*ring, self, key)) insert(owners, *next);
  }
  return owners;
}

bool Standing::is_next(const Location& node, std::string_view key) const {
  return next_owner(*ring, self, key) == node;
}

bool Standing::is_leaving(const Location& node) const {
  const auto& leaving = ring->leaving();
  return std::find(leaving.begin(), leaving.end(), node) != leaving.end();
}

std::vector<Location> Standing::leavers_with(std::string_view key) const {
  std::vector<Location> owners;
  for (const Leaver& leaver : leavers) {
    if (leaver.may_have(key)) insert(owners, leaver.node);
  }
  return owners;
}

bool Standing::was_owner_before(const Location& receiver, std::string_view key) const {
  for (const auto& former : former_rings) {
    const Owner owner = former->owner_of(key);
    if (owner.is_self) return true;
    if (owner.location == nullptr || *owner.location != receiver) return false;
  }
  return false;
}

std::vector<Location> Standing::others() const {
  std::vector<Location> all = ring->members();
  std::erase(all, self);
  return all;
}

bool Standing::awaits_from(const Location& node) const {
  return std::any_of(gains.begin(), gains.end(), [&](const Gain& gain) { return contains(gain.sources, node); });
}

// From whom this node awaits keys itself, it does not know more.
bool Standing::may_give(const Location& holder, const Location& owner) const {
  const bool is_giver = std::any_of(
      gifts.begin(), gifts.end(), [&](const Gift& gift) { return gift.to == owner && contains(gift.givers, holder); });
  return is_giver || awaits_from(holder);
}

Location Standing::holder_before(const Location& owner, std::string_view key) const {
  for (const Gift& gift : gifts) {
    const Owner holder = gift.to == owner ? gift.before->owner_of(key) : Owner{};
    if (holder.location != nullptr) return *holder.location;
  }
  return {};
}

std::vector<Location> Standing::all_sources() const {
  std::vector<Location> all;
  for (const Gain& gain : gains) {
    for (const Location& source : gain.sources) insert(all, source);
  }
  return all;
}

}  // namespace p2p::diststore
