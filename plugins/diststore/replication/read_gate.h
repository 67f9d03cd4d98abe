// May a value be answered that was read from the engine a moment ago, on any thread (W5)? What the strand of the store
// tells those who read beside it: in which term it serves a partition, and which keys have a write under way.
#pragma once

#include "engine/partition.h"
#include "replication/batch.h"

#include <atomic>
#include <cstddef>
#include <memory>

namespace p2p::diststore::replication {

// A read that needs no strand: `term = serving_term(partition)`; if that is 0, refuse; read from the engine; if
// is_under_way(hash), ask Replicas::read() instead; if serving_term(partition) is no longer `term`, or the lease has
// ended by now, refuse; else answer.
class ReadGate final {
 public:
  // 0: this node does not serve it. [any thread]
  Epoch serving_term(Partition partition) const noexcept { return terms_[partition].load(std::memory_order_acquire); }

  // A write of a key with this hash, or with one that shares its counter, is under way. [any thread]
  bool is_under_way(KeyHash hash) const noexcept { return counter(hash).load(std::memory_order_acquire) != 0; }

  // Before the write is applied to the engine, and after it was committed; or, when it will not be, after the serving
  // has ended. [own strand]
  void begin(const Batch& batch) noexcept { announce(batch); }
  void end(const Batch& batch) noexcept { withdraw(batch); }

  // The same for a write that is on its way to the strand, until that has taken or refused it: who sends a read behind
  // it finds it under way, and is answered behind it. Each announce() is followed by one withdraw(). [any thread]
  void announce(const Batch& batch) const noexcept {
    for (const KeyWrite& write : batch.writes) counter(write.hash).fetch_add(1, std::memory_order_acq_rel);
  }
  void withdraw(const Batch& batch) const noexcept {
    for (const KeyWrite& write : batch.writes) counter(write.hash).fetch_sub(1, std::memory_order_acq_rel);
  }

  void serve(Partition partition, Epoch term) noexcept { terms_[partition].store(term, std::memory_order_release); }

 private:
  // With 100 writes under way, one read in eighty waits for nothing.
  static constexpr unsigned kCounterBits = 13;
  using Counter = std::atomic<std::uint32_t>;

  Counter& counter(KeyHash hash) const noexcept { return counters_[hash & ((1U << kCounterBits) - 1)]; }

  std::unique_ptr<std::atomic<Epoch>[]> terms_ = std::make_unique<std::atomic<Epoch>[]>(kPartitions);
  std::unique_ptr<Counter[]> counters_ = std::make_unique<Counter[]>(std::size_t{1} << kCounterBits);
};

}  // namespace p2p::diststore::replication
