// Which of two values of a key wins? The one with the higher version: the later stamp, and at equal stamps the higher
// node.
#pragma once

#include <compare>
#include <cstdint>

namespace p2p::diststore {

// A hybrid logical clock stamp: milliseconds since 1970 in the upper 48 bits, a counter in the lower 16 (see
// HybridClock).
using Stamp = std::uint64_t;

inline constexpr unsigned kCounterBits = 16;

constexpr Stamp stamp_of(std::uint64_t now_ms) { return now_ms << kCounterBits; }
constexpr std::uint64_t milliseconds_of(Stamp stamp) { return stamp >> kCounterBits; }

struct Version {
  Stamp stamp = 0;
  std::uint64_t node = 0;  // a hash of the writing node's name: only breaks ties, the same way on every node

  // The order of the fields is the rule: stamp first, node at a tie.
  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

}  // namespace p2p::diststore
