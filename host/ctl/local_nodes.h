// Which node of this machine is asked when none is named? The first of ours on the ports that the first nodes of a
// machine take, or else the first of the 2009 system.
#pragma once

#include <p2p/location.h>
#include <p2p/result.h>

#include <cstdint>

namespace p2p::ctl {

inline constexpr std::uint16_t kDiscoveryPortFirst = 9900;
inline constexpr std::uint16_t kDiscoveryPortLast = 9909;

// One that does not answer within half a second is none, and holds up no other: all are asked at once.
Result<Location> find_here();

}  // namespace p2p::ctl
