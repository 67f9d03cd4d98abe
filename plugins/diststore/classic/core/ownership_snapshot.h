// What does this node own at the moment, and by which ring? An immutable snapshot of the ring that the store works by;
// every handler reads it once per call.
#pragma once

#include "classic/core/incoming_transfers.h"
#include "engine/engine.h"

#include <p2p/locator.h>

#include <memory>
#include <string_view>
#include <vector>

namespace p2p::diststore {

// Former rings that a node remembers, to tell whether another node owned a key before its current owner.
inline constexpr std::size_t kFormerRingsMax = 4;

// A node that leaves. Members come and go meanwhile: what it has, it owned by its own last ring or got by a later one.
struct Leaver {
  NodeAddress node;
  std::shared_ptr<const RingView> last_ring;  // with the members that it is known to have learned of
  std::shared_ptr<const RingView> with_it;    // the current one, had it not left

  bool may_have(std::string_view key) const { return owns(*last_ring, key) || owns(*with_it, key); }

 private:
  bool owns(const RingView& ring, std::string_view key) const {
    const Owner owner = ring.owner_of(key);
    return owner.address != nullptr && *owner.address == node;
  }
};

struct OwnershipSnapshot {
  NodeAddress self;
  ViewVersion view_version = 0;
  bool is_established = false;  // this node may own keys
  std::shared_ptr<const RingView> ring;
  std::vector<std::shared_ptr<const RingView>> former_rings;  // the newest first
  std::vector<AcquiredRange> acquired_ranges;
  std::vector<Leaver> leavers = {};  // of the ring
  std::vector<Gift> gifts = {};

  Owner owner_of(std::string_view key) const { return ring->owner_of(key); }

  // The stored entry of `key` counts if confirmed in this view version or later; kNeverConfirmed: it always counts.
  ViewVersion confirmed_from(std::string_view key) const;
  OwnershipProof proof_for(std::string_view key) const {
    return {view_version, acquired_ranges.empty() ? kNeverConfirmed : confirmed_from(key)};
  }

  std::vector<NodeAddress> others() const;  // all members but this node

  // False until this node's join has begun: what it holds and awaits says nothing yet.
  bool has_joined() const { return is_established || !acquired_ranges.empty(); }

  // Nodes that may hold `key`, which has not arrived here: all are to be asked (H9), and those that they name in turn
  // (H10).
  std::vector<NodeAddress> former_owners(std::string_view key) const;

  // Leaving nodes that owned `key` and may not have handed it over yet.
  std::vector<NodeAddress> leavers_with(std::string_view key) const;
  bool is_leaving(const NodeAddress& node) const;
  bool is_present(const NodeAddress& node) const;  // a member, or leaving

  // In the order of successive owners of `key`, `node` comes right after this node, a member.
  bool is_next(const NodeAddress& node, std::string_view key) const;

  // No third node owned `key` after this one and before `receiver`, its owner now.
  bool was_owner_before(const NodeAddress& receiver, std::string_view key) const;

  // Third nodes that owned `key` after this one and before `receiver`, as far as former rings tell; sorted.
  std::vector<NodeAddress> owners_since(const NodeAddress& receiver, std::string_view key) const;

  std::vector<NodeAddress> all_sources() const;  // of all acquired ranges, sorted, each once
  bool awaits_from(const NodeAddress& node) const;

  // As far as is known, `holder` may hold keys of `owner`, a node of the 2009 system.
  bool may_give(const NodeAddress& holder, const NodeAddress& owner) const;
  // The node that held `key` before `owner` joined, and may not have given it to `owner` yet; empty: none any more.
  NodeAddress holder_before(const NodeAddress& owner, std::string_view key) const;
};

}  // namespace p2p::diststore
