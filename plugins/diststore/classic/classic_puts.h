// Which keys may nodes of the 2009 system still hand over, and to whom? They send ordinary puts: a
// leaving node puts everything it holds, a staying one puts the keys that a newly joined node of ours acquires, each to
// the owner by the sender's own ring. Computed from the ownership snapshot: which nodes are leaving, and which still
// have keys for this node.
#pragma once

#include "classic/classic_store.h"

#include <string_view>
#include <vector>

namespace p2p::diststore {

// OwnershipSnapshot::former_owners(), with those of the 2009 system only where they owned the key. [any thread]
std::vector<NodeAddress> former_owners(const ClassicStore& store, const OwnershipSnapshot& ownership,
                                       std::string_view key);

// The node that held `key` before `owner`, a node of the 2009 system, joined, if it may not have given the key to
// `owner` yet; none otherwise, or if it is this node. [any thread]
std::vector<NodeAddress> givers_to(const ClassicStore& store, const OwnershipSnapshot& ownership,
                                   const NodeAddress& owner, std::string_view key);

// True if a put with `key` may still reach its owner, this node or another. Until then the owner's value may be
// outdated, and a missing key may still arrive. [any thread]
bool may_come_by_put(const ClassicStore& store, const OwnershipSnapshot& ownership, std::string_view key);

// The same, and all that leave with it are known to be of the 2009 system: a put of the key is the hand-over, or a
// client's that counts as newer. One of ours may hold it with a version above that of the put (H29). [any thread]
bool comes_by_put(const ClassicStore& store, const OwnershipSnapshot& ownership, std::string_view key);

// True while a staying node of the 2009 system has not yet sent this node all keys that it acquired by joining. [any
// thread]
bool is_given_by_puts(const ClassicStore& store, const OwnershipSnapshot& ownership);

// True if this node may get puts for other nodes' keys, from a leaving node or from one that does not know their owners
// yet. [any thread]
bool may_get_puts_for_others(const ClassicStore& store, const OwnershipSnapshot& ownership);

// KeptPuts::keep(). False also if the engine cannot keep it: it is then handled like any other put. [any thread]
bool keep_put(const ClassicStore& store, std::string_view key, std::string_view value, ViewVersion view_version,
              Confirmed confirmed);

}  // namespace p2p::diststore
