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

// `owner`, a node of the 2009 system, may have joined so shortly ago that it has not got `key` from this other node,
// which held it before; none otherwise. [any thread]
std::vector<Location> givers_to(const Store& store, const Standing& standing, const Location& owner,
                                std::string_view key);

// A put may be what brings `key` to its owner: what is there until then is not the newest, and what is missing may
// come. Of a key of this node, or of another one. [any thread]
bool may_come_by_put(const Store& store, const Standing& standing, std::string_view key);

// One that stays has not given this node yet all that this one gains by having joined. [any thread]
bool is_given_by_puts(const Store& store, const Standing& standing);

// Keys of other nodes may be put to this one: by one that leaves, or that does not know the other ones yet. [any
// thread]
bool may_get_puts_for_others(const Store& store, const Standing& standing);

}  // namespace p2p::diststore
