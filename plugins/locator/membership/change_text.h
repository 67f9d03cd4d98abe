// What is said about a change of the ring? One line for each, in the same words everywhere. Pure.
#pragma once

#include "membership/membership.h"

#include <string>

namespace p2p::membership {

// "127.0.0.1:9901 has left"
std::string change_text(const RingChange& change);

// A member has ended otherwise than by leaving: somebody should look at it.
bool is_trouble(const RingChange& change) noexcept;

}  // namespace p2p::membership
