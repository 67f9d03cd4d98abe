// What stamp does the next write get? One above every stamp issued or heard before, and close to the time of day: a
// hybrid logical clock. Told the time; reads no clock itself.
#pragma once

#include "replication/version.h"

#include <atomic>
#include <cstdint>

namespace p2p::diststore {

// A node whose clock runs further ahead than this is not followed: it would pull every other clock with it. Clocks kept
// by NTP differ by well under a second; ten seconds forgive one that is only roughly set.
inline constexpr std::uint64_t kSkewMaxMs = 10'000;

// Stamps only grow, also when the time told jumps back; then, and after 65,536 stamps within a millisecond, the counter
// runs over into the milliseconds and the clock is ahead of the time until that catches up. Lock-free; every method:
// [any thread].
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
