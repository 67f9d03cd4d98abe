// When does a value with a time to live end (docs/decisions/0037)? At a time of day that the primary has set by its own
// clock when it took the write, and that all copies store with the value. Whether it has come is judged by the clock of
// the primary that is asked; nobody else erases anything for it. Reads no clock.
//
// What clocks that differ mean: within one primacy a value lives as long as was asked for, by that node's clock. After
// a takeover by a node whose clock is behind by d it lives d longer, and d shorter where that one is ahead; a clock
// that is set moves all ends at its node by as much. What a read, a condition or an erase has told as gone stays gone
// all the same, whatever the clocks say: the value has been erased on all copies in sync before that answer.
#pragma once

#include <algorithm>
#include <cstdint>

namespace p2p::diststore {

// Milliseconds since 1970, by the clock of some node.
using WallMs = std::uint64_t;

inline constexpr WallMs kNoExpiry = 0;
// Engines keep 48 bits: until the year 10889.
inline constexpr WallMs kExpiryMax = (WallMs{1} << 48) - 1;
// A hundred years: longer is a mistake in the unit.
inline constexpr std::int64_t kTtlMaxMs = std::int64_t{100} * 365 * 24 * 3600 * 1000;

constexpr bool has_expired(WallMs expires_at, WallMs now) noexcept {
  return expires_at != kNoExpiry && expires_at <= now;
}
// `ttl_ms` is more than 0, and at most kTtlMaxMs.
constexpr WallMs expiry_after(std::int64_t ttl_ms, WallMs now) noexcept {
  return std::min(now + static_cast<WallMs>(ttl_ms), kExpiryMax);
}
// How long a value lives that has not expired; 0: for ever.
constexpr std::int64_t ttl_left(WallMs expires_at, WallMs now) noexcept {
  return expires_at > now ? static_cast<std::int64_t>(expires_at - now) : 0;
}

}  // namespace p2p::diststore
