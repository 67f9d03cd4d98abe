// What stamp does the next write get? One above every stamp issued or received before, and close to the time of day: a
// hybrid logical clock. Gets the time from its caller; reads no clock.
#pragma once

#include "replication/version.h"

#include <atomic>
#include <cstdint>

namespace p2p::diststore {

// A clock that runs further ahead than this is not followed: it would drag every other clock along. Clocks kept by NTP
// differ by well under a second; ten seconds tolerate one that is only roughly set.
inline constexpr std::uint64_t kSkewMaxMs = 10'000;

// Stamps only grow, even when the time jumps back; then, and after 65,536 stamps within a millisecond, the counter
// carries into the milliseconds and the clock is ahead until the time catches up. Lock-free; every method: [any
// thread].
class HybridClock final {
 public:
  // A stamp above all that this clock has issued or accepted.
  Stamp issue(std::uint64_t now_ms) noexcept;

  // Makes later stamps higher than `heard`. False, and nothing changed, when it is more than kSkewMaxMs ahead of
  // `now_ms`.
  bool accept(Stamp heard, std::uint64_t now_ms) noexcept;

  Stamp last() const noexcept { return last_.load(std::memory_order_relaxed); }

 private:
  std::atomic<Stamp> last_{0};
};

}  // namespace p2p::diststore
