// Which keys may nodes of the 2009 system still hand over, and to whom? They do so by puts, like any client's: one that
// leaves puts all it holds, one that stays puts what a joiner of ours acquires, each to the owner by its own ring. The
// answer follows from the ownership snapshot: which nodes leave, and from which this node awaits keys.
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

// A put may still bring `key` to its owner, this node or another: until then what is there is not the newest, and what
// is missing may come. [any thread]
bool may_come_by_put(const ClassicStore& store, const OwnershipSnapshot& ownership, std::string_view key);

// The same, and all that leave with it are known to be of the 2009 system: a put of the key is the hand-over, or a
// client's that counts as newer. One of ours may hold it with a version above that of the put (H29). [any thread]
bool comes_by_put(const ClassicStore& store, const OwnershipSnapshot& ownership, std::string_view key);

// A node of the 2009 system that stays has not yet given this node all that it acquired by joining. [any thread]
bool is_given_by_puts(const ClassicStore& store, const OwnershipSnapshot& ownership);

// Keys of other nodes may be put to this one, by a node that leaves or that does not know those nodes yet. [any thread]
bool may_get_puts_for_others(const ClassicStore& store, const OwnershipSnapshot& ownership);

}  // namespace p2p::diststore
