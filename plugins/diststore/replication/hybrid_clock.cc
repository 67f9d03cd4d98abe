#include "replication/hybrid_clock.h"

#include <algorithm>

namespace p2p::diststore {

// Relaxed ordering is enough: a stamp orders versions of one key, and those meet under the lock of the key's shard.
Stamp HybridClock::issue(std::uint64_t now_ms) noexcept {
  Stamp last = last_.load(std::memory_order_relaxed);
  Stamp next = 0;
  do {
    next = std::max(last + 1, stamp_of(now_ms));
  } while (!last_.compare_exchange_weak(last, next, std::memory_order_relaxed));
  return next;
}

bool HybridClock::accept(Stamp heard, std::uint64_t now_ms) noexcept {
  if (milliseconds_of(heard) > now_ms + kSkewMaxMs) return false;
  Stamp last = last_.load(std::memory_order_relaxed);
  while (heard > last && !last_.compare_exchange_weak(last, heard, std::memory_order_relaxed)) {
  }
  return true;
}

}  // namespace p2p::diststore
