// How much of one client's replies may the kernel hold unsent? Little: what waits for a slow reader should wait in this
// process, where it is counted ([host] waiting_bytes_max). But then a large reply leaves in many small steps, each a
// turn of the loop, so a client that keeps up gets more, as long as not too many do.
#pragma once

#include "serving/asio.h"

#include <p2p/units.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace p2p::host {

// By itself the kernel takes megabytes. With 128 KiB, 10,000 slow readers make it hold 1.3 GB at most.
inline constexpr int kUnsentBytesMax = 128 * 1024;
// For a client that keeps up. A value of 1 MiB then leaves in one or two steps instead of eight
// (tests/bench/RESULTS.md).
inline constexpr int kUnsentBytesMaxWide = 2 * 1024 * 1024;
// A client keeps up if it takes kUnsentBytesMax of replies within this time: 12 MiB/s.
inline constexpr Duration kPromptly = std::chrono::milliseconds(10);
// After this long with bytes unread a client no longer keeps up; after this long without a request it needs no more.
inline constexpr Duration kSlowly = std::chrono::seconds(1);

// The part of [host] waiting_bytes_max that wide allowances may take, all together.
inline constexpr std::uint64_t kWideParts = 4;

// How many connections of a node may have the wide allowance. [any thread]
class WideAllowances final {
 public:
  void set_waiting_bytes_max(std::uint64_t bytes) noexcept {  // [before start]
    left_ = static_cast<std::int64_t>(bytes / kWideParts / static_cast<std::uint64_t>(kUnsentBytesMaxWide));
  }

  bool take() noexcept {
    if (left_.fetch_sub(1, std::memory_order_relaxed) > 0) return true;
    give_back();
    return false;
  }
  void give_back() noexcept { left_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> left_{0};
};

// The allowance of one connection. [its loop]
class SendAllowance final {
 public:
  explicit SendAllowance(WideAllowances& wide) noexcept : wide_(wide) {}
  ~SendAllowance() { release(); }
  SendAllowance(const SendAllowance&) = delete;
  SendAllowance& operator=(const SendAllowance&) = delete;

  // The socket has not taken all of a reply at once.
  void write_begins(TimePoint now) noexcept { begun_at_ = now; }

  // It has now: `bytes` since write_begins(). A client that was prompt gets the wide allowance.
  void write_ends(StreamSocket& socket, std::size_t bytes, TimePoint now) noexcept;

  // Call from time to time. Takes the wide allowance from a client that does not keep up, or has been `idle_since` a
  // while; it stays counted until the kernel holds no more for this client than for any other.
  void look(StreamSocket& socket, bool is_writing, TimePoint idle_since, TimePoint now) noexcept;

  // The connection ends.
  void release() noexcept;

  bool is_wide() const noexcept { return is_wide_; }

 private:
  WideAllowances& wide_;
  TimePoint begun_at_{};  // of the last write that had to wait
  bool is_wide_ = false;
};

}  // namespace p2p::host
