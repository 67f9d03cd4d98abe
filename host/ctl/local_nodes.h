// Which node of this machine is used when none is named? The first of ours on the ports that a machine's first nodes
// take, or else the first of the 2009 system.
#pragma once

#include <p2p/node_address.h>
#include <p2p/result.h>

#include <cstdint>

namespace p2p::ctl {

inline constexpr std::uint16_t kDiscoveryPortFirst = 9900;
inline constexpr std::uint16_t kDiscoveryPortLast = 9909;

// A node that does not answer within half a second is skipped, and delays no other: all are asked at once.
Result<NodeAddress> find_here();

}  // namespace p2p::ctl
