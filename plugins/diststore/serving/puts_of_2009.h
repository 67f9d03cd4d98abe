// Which keys may nodes of the 2009 system still hand over, and to whom? They do so by puts, like any client's: one that
// leaves puts all it holds, one that stays what a joiner of ours gains, each to the owner by its own ring. The answer
// follows from the standing: who leaves, and whom this node awaits keys from.
#pragma once

#include "serving/store.h"

#include <string_view>
#include <vector>

namespace p2p::diststore {

// Standing::former_owners(), those of the 2009 system only where they owned the key. [any thread]
std::vector<Location> former_owners(const Store& store, const Standing& standing, std::string_view key);

// A put may be what brings `key` to its owner: what is there until then is not the newest, and what is missing may
// come. Of a key of this node, or of another one. [any thread]
bool may_come_by_put(const Store& store, std::string_view key);

// Some key that is another node's may be put to this one. [any thread]
bool may_get_puts_for_others(const Store& store);

// A put of `key`, whoever owns it, may be such a one: from one that leaves and had it, or from one that gives this node
// what it gains, and perhaps does not know the owner yet. [any thread]
bool may_be_handed_over_here(const Store& store, std::string_view key);

}  // namespace p2p::diststore
