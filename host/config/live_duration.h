// A time limit that an operator may change while the node runs, and that any thread reads.
#pragma once

#include <p2p/units.h>

#include <atomic>

namespace p2p::host {

// Copies are independent. [any thread]
class LiveDuration final {
 public:
  LiveDuration() = default;
  LiveDuration(Duration value) noexcept : ticks_(value.count()) {}  // NOLINT: it stands for a Duration
  LiveDuration(const LiveDuration& other) noexcept : ticks_(other.ticks_.load(std::memory_order_relaxed)) {}
  LiveDuration& operator=(const LiveDuration& other) noexcept {
    ticks_.store(other.ticks_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    return *this;
  }

  operator Duration() const noexcept { return Duration(ticks_.load(std::memory_order_relaxed)); }  // NOLINT: as above

 private:
  std::atomic<Duration::rep> ticks_{0};
};

}  // namespace p2p::host
