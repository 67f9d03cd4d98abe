// How do many threads read a value that one thread changes now and then? They share an immutable copy that is replaced
// as a whole.
#pragma once

#include <p2p/export.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace p2p {

// A process-wide number for each Snapshot, never used again. [any thread]
P2P_API std::uint32_t next_snapshot_id() noexcept;

// The calling thread's cached copies, by snapshot id. [any thread]
struct SnapshotCacheEntry {
  std::uint64_t version = 0;
  std::shared_ptr<const void> value;
};
P2P_API std::deque<SnapshotCacheEntry>& snapshot_cache() noexcept;  // a deque: growing keeps references

// read() costs an atomic load and a look at thread-local memory; only the first read after a publish() takes the
// lock. std::atomic<std::shared_ptr> of GCC 12 is not used because ThreadSanitizer finds it racing.
template <class T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> first) : value_(std::move(first)) {}

  // Readers see `next` from now on; values read before stay unchanged. [any thread]
  void publish(std::shared_ptr<const T> next) {
    const std::lock_guard hold(mutex_);
    value_ = std::move(next);
    version_.fetch_add(1, std::memory_order_release);
  }

  // The newest value. The reference is valid until this thread's next read() or share() of the same Snapshot. A thread
  // that stops reading keeps its last value alive until it ends. [any thread]
  const T& read() const { return *static_cast<const T*>(cached().value.get()); }

  // The newest value, kept for as long as the caller likes. [any thread]
  std::shared_ptr<const T> share() const { return std::static_pointer_cast<const T>(cached().value); }

 private:
  const SnapshotCacheEntry& cached() const {
    if (last_read_.id != id_) last_read_ = {id_, &entry_of_this_thread()};
    SnapshotCacheEntry& entry = *last_read_.entry;
    if (entry.version != version_.load(std::memory_order_acquire)) refresh(entry);
    return entry;
  }

  SnapshotCacheEntry& entry_of_this_thread() const {
    auto& cache = snapshot_cache();
    if (cache.size() <= id_) cache.resize(id_ + 1);
    return cache[id_];
  }

  void refresh(SnapshotCacheEntry& entry) const {
    const std::lock_guard hold(mutex_);
    entry.value = value_;
    entry.version = version_.load(std::memory_order_relaxed);
  }

  // Of all with this type of value, a thread mostly reads one: it need not look that up each time.
  struct LastRead {
    std::uint32_t id = ~std::uint32_t{0};
    SnapshotCacheEntry* entry = nullptr;
  };
  static inline constinit thread_local LastRead last_read_;

  const std::uint32_t id_ = next_snapshot_id();
  std::atomic<std::uint64_t> version_{1};
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace p2p
