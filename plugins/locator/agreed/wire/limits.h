// What do other nodes accept of this one? Whoever makes a value that travels keeps within these limits, beside those of
// the map (cluster/map/): bytes that exceed one are refused as a whole.
#pragma once

#include "cluster/embedded/history.h"
#include "cluster/map/change.h"

#include <p2p/units.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace p2p::cluster::wire {

inline constexpr std::size_t kHostBytesMax = 255;         // the longest name that DNS has is shorter
inline constexpr std::size_t kZoneBytesMax = 255;         // as of a host
inline constexpr std::size_t kServiceNameBytesMax = 255;  // as of a host
inline constexpr std::size_t kServicesMax = 256;          // of one node; it has few

// Epochs, terms, boot numbers, rounds: whoever counts on from there does not reach the end of an i64.
inline constexpr std::uint64_t kNaturalMax = std::uint64_t{1} << 62;

// Nodes that a joiner learns of; it asks some of them.
inline constexpr std::size_t kWaitsForMax = 100;

// Texts for people are cut.
inline constexpr std::size_t kReasonBytesMax = 1000;

// Elements of a list inside of an encoded map or change: members and requests are the most.
inline constexpr std::int32_t kElementsMax = 4096;
static_assert(kElementsMax >= kMembersMax && kElementsMax >= kRequestsMax);

// Times come back to their sender, who computes with them: so far from the ends, nothing overflows.
inline constexpr Duration kSentAtMax = std::chrono::hours(24 * 365 * 100);
inline constexpr std::chrono::milliseconds kWallClockMax = std::chrono::hours(24 * 365 * 1000);
inline constexpr Duration kTryAfterMax = std::chrono::hours(1);  // leases are promised for seconds

}  // namespace p2p::cluster::wire
