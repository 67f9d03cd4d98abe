// How many bytes wait in this node for clients that read or send slowly, and is that too much? The node-wide side of
// [host] waiting_bytes_max; each loop decides which of its connections to close.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace p2p::host {

// Changed only for a connection that cannot send its bytes at once, so loops rarely contend here. [any thread]
class WaitingBytes final {
 public:
  explicit WaitingBytes(std::size_t loops) : loops_(loops) {}

  void set_max(std::uint64_t bytes_max) noexcept { bytes_max_ = bytes_max; }  // [before start]
  std::uint64_t max() const noexcept { return bytes_max_; }

  void change(std::size_t before, std::size_t now) noexcept {
    total_.fetch_add(now - before, std::memory_order_relaxed);
  }
  std::uint64_t total() const noexcept { return total_.load(std::memory_order_relaxed); }

  // From three quarters on, connections with waiting replies are not read, so that fewer have to be closed.
  bool is_overloaded() const noexcept { return total() > bytes_max_ / 4 * 3; }
  bool is_over() const noexcept { return total() > bytes_max_; }
  // While the total is over, some loop holds more than its share, and closes connections.
  std::uint64_t part_of_a_loop() const noexcept { return bytes_max_ / loops_; }

  // True for the first caller only, until all other loops have checked.
  bool ask_others() noexcept {
    std::size_t none = 0;
    return asked_.compare_exchange_strong(none, loops_ - 1, std::memory_order_relaxed);
  }
  void one_has_looked() noexcept { asked_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  const std::size_t loops_;
  std::uint64_t bytes_max_ = UINT64_MAX;
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::size_t> asked_{0};
};

}  // namespace p2p::host
