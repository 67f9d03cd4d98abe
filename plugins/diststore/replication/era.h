// By which ring does this node work? Each ring that its store takes over begins a new era; the numbers are this node's
// own and only grow.
#pragma once

#include <cstdint>

namespace p2p::diststore {

using Era = std::uint32_t;

// Of what is held, but was never known to be the newest: older than every era.
inline constexpr Era kNeverSettled = 0;

// One bit of its word is needed elsewhere. At a change of the ring a second this lasts for 68 years.
inline constexpr Era kEraMax = (Era{1} << 31) - 1;

}  // namespace p2p::diststore
