// By which ring does this node work? Each ring that its store takes over begins a new view version; the numbers are
// local to this node and only grow.
#pragma once

#include <cstdint>

namespace p2p::diststore {

using ViewVersion = std::uint32_t;

// Of an entry never known to be the newest: older than every view version.
inline constexpr ViewVersion kNeverConfirmed = 0;

// One bit of its word is used elsewhere. With one ring change per second this lasts 68 years.
inline constexpr ViewVersion kViewVersionMax = (ViewVersion{1} << 31) - 1;

}  // namespace p2p::diststore
