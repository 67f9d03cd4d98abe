// May a value be answered that was read from a copy a moment ago, on any thread and without its primary (decision 40)?
// What the strand of the store tells those who read beside it: which partitions have a copy here that is in sync and
// whole, and which of their writes are known to be committed.
#pragma once

#include "engine/partition.h"
#include "replication/write_version.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace p2p::diststore::replication {

// A read: `reading = begin(partition)`; if that is 0, there is no such copy; read from the engine; if the value's
// version is not committed(), or there is none and not all writes are, the primary has to be asked; if goes_on() is
// false, what was read may be of another history; else it is the state that was committed last, of those that have
// reached this copy. How old that may be is not this object's question. Whoever sees in the engine what a write has
// left there has had its lock after that write, and sees here what was said before.
class CopyGate final {
 public:
  using Reading = std::uint64_t;

  // --- [any thread] ---

  // 0: no copy here that may be read. A number is never used again: what is behind two that are equal has followed the
  // same stream in between.
  Reading begin(Partition partition) const noexcept {
    return copies_[partition].reading.load(std::memory_order_acquire);
  }
  bool goes_on(Partition partition, Reading reading) const noexcept {
    return copies_[partition].reading.load(std::memory_order_acquire) == reading;
  }
  // The seqs of a history rise over its terms, and what is here belongs to it.
  bool is_committed(Partition partition, WriteVersion version) const noexcept {
    return version.seq <= copies_[partition].commit.load(std::memory_order_acquire);
  }
  // Also of what is absent, as an erase leaves nothing that could be looked at.
  bool is_all_committed(Partition partition) const noexcept {
    const Seq position = copies_[partition].position.load(std::memory_order_acquire);
    return position <= copies_[partition].commit.load(std::memory_order_acquire);
  }
  // What begin() says follows this map, or a newer one.
  Epoch epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }

  // --- [own strand] ---

  bool is_open(Partition partition) const noexcept { return begin(partition) != 0; }
  void open(Partition partition, Seq position, Seq commit) noexcept {
    copies_[partition].position.store(position, std::memory_order_relaxed);
    copies_[partition].commit.store(commit, std::memory_order_relaxed);
    copies_[partition].reading.store(++last_, std::memory_order_release);
  }
  // Before anything is changed by what is no write of the stream that is followed.
  void close(Partition partition) noexcept { copies_[partition].reading.store(0, std::memory_order_release); }
  // Before the write is applied to the engine.
  void announce(Partition partition, Seq seq) noexcept {
    copies_[partition].position.store(seq, std::memory_order_release);
  }
  void commit(Partition partition, Seq seq) noexcept {
    copies_[partition].commit.store(seq, std::memory_order_release);
  }
  // After what the map says of all partitions.
  void follow(Epoch epoch) noexcept { epoch_.store(epoch, std::memory_order_release); }

 private:
  struct Copy {
    std::atomic<Reading> reading{0};
    std::atomic<Seq> position{0};
    std::atomic<Seq> commit{0};
  };

  std::unique_ptr<Copy[]> copies_ = std::make_unique<Copy[]>(kPartitions);
  std::atomic<Epoch> epoch_{0};
  Reading last_ = 0;
};

}  // namespace p2p::diststore::replication
