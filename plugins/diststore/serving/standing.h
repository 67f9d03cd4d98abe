// What does this node own at the moment, and by what right? One immutable picture of the ring that the store works by,
// which every handler reads once for each call.
#pragma once

#include "engine/memory_engine.h"
#include "replication/intake.h"

#include <p2p/locator.h>

#include <memory>
#include <string_view>
#include <vector>

namespace p2p::diststore {

// Rings that a node remembers: with each, it can tell of its keys whether another node owned them before the present
// owner.
inline constexpr std::size_t kFormerRingsMax = 4;

// A node that leaves. Members come and go while it does: what it has it owned by its own last ring, or got by a later
// one.
struct Leaver {
  Location node;
  std::shared_ptr<const RingView> last_ring;  // as far as it is known to have heard of the members
  std::shared_ptr<const RingView> with_it;    // the present one, if it had not left

  bool may_have(std::string_view key) const { return owns(*last_ring, key) || owns(*with_it, key); }

 private:
  bool owns(const RingView& ring, std::string_view key) const {
    const Owner owner = ring.owner_of(key);
    return owner.location != nullptr && *owner.location == node;
  }
};

struct Standing {
  Location self;
  Era era = 0;
  bool is_established = false;  // this node may own keys
  std::shared_ptr<const RingView> ring;
  std::vector<std::shared_ptr<const RingView>> former_rings;  // the newest first
  std::vector<Gain> gains;
  std::vector<Leaver> leavers = {};  // of the ring
  std::vector<Gift> gifts = {};

  Owner owner_of(std::string_view key) const { return ring->owner_of(key); }

  // The first era since which what lies here of `key` counts; kNeverSettled: whatever lies here does.
  Era settled_from(std::string_view key) const;
  Right right_to(std::string_view key) const { return {era, gains.empty() ? kNeverSettled : settled_from(key)}; }

  std::vector<Location> others() const;  // all members but this node

  // False until its join has begun: what it holds and what it awaits says nothing yet.
  bool has_joined() const { return is_established || !gains.empty(); }

  // Where `key` may lie that has not arrived here: to be asked, all of them; and those whom they name in turn.
  std::vector<Location> former_owners(std::string_view key) const;

  // Nodes that leave, each of which owned `key` and may not have handed it over yet.
  std::vector<Location> leavers_with(std::string_view key) const;
  bool is_leaving(const Location& node) const;

  // Of the nodes that would own `key` one after the other, `node` comes right behind this one, a member.
  bool is_next(const Location& node, std::string_view key) const;

  // No third node owned `key` after this one and before `receiver`, its owner now.
  bool was_owner_before(const Location& receiver, std::string_view key) const;

  std::vector<Location> all_sources() const;  // of all gains, sorted, each once
  bool awaits_from(const Location& node) const;

  // `holder` may hold keys of `owner`, a node of the 2009 system, for all that it has said.
  bool may_give(const Location& holder, const Location& owner) const;
  // Who held `key` before `owner` joined, and may not have given it to that one yet; empty: nobody, for that is over.
  Location holder_before(const Location& owner, std::string_view key) const;
};

}  // namespace p2p::diststore
