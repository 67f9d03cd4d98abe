#include <p2p/snapshot.h>

namespace p2p {

std::uint32_t next_snapshot_id() noexcept {
  static std::atomic<std::uint32_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed);
}

std::deque<SnapshotCacheEntry>& snapshot_cache() noexcept {
  thread_local std::deque<SnapshotCacheEntry> cache;
  return cache;
}

}  // namespace p2p
