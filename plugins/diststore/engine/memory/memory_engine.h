// The in-memory engine: a hash table in separately locked shards, each with some of the partitions. It can only run out
// of memory, so it never returns an error.
#pragma once

#include "engine/engine.h"
#include "engine/memory/key_table.h"
#include "engine/memory/shard_lock.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace p2p::diststore {

class MemoryEngine final : public Engine {
 public:
  // `seed` makes the places of keys unpredictable to clients, so that nobody can fill one bucket on purpose.
  explicit MemoryEngine(std::uint64_t seed);

  Result<Outcome> get(std::string_view key, OwnershipProof right, Use use) const override;
  Result<std::optional<StoredEntry>> copy(std::string_view key) const override;
  Result<Done> apply(std::span<Change> changes) override;
  using Engine::apply_one;
  Result<Outcome> apply_one(Change& change) override { return make(change); }
  Result<Done> scan(PartitionRange range, ScanPosition& position, std::size_t entries_max, Take take) const override;
  Result<Done> drop(Partition partition) override;
  void fence(ViewVersion view_version) override;
  EngineTotals totals() const override;
  std::uint64_t memory_bytes() const noexcept override;

 private:
  struct Shard {
    explicit Shard(std::uint64_t seed) : entries(hash_of, seed) {}

    ShardLock lock;
    KeyTable entries;
    std::uint64_t bytes = 0;
    std::uint64_t tombstones = 0;
    std::uint64_t entry_memory = 0;
    std::uint64_t counted_memory = 0;  // in memory_
    ViewVersion view_version = 0;
  };

  // With 16 threads that change keys all the time, two collide in one of 64 shards in less than one call out of four.
  static constexpr unsigned kShardBits = 6;
  static constexpr std::size_t kShards = std::size_t{1} << kShardBits;

  template <std::size_t... Number>
  static std::array<Shard, kShards> make_shards(std::uint64_t seed, std::index_sequence<Number...>) {
    return {{(static_cast<void>(Number), Shard(seed))...}};
  }
  static std::uint64_t hash_of(std::string_view key, std::uint64_t seed);
  static std::size_t shard_number_of(std::uint64_t hash) { return hash >> (64 - kShardBits); }
  Shard& shard_of(std::uint64_t hash) { return shards_[shard_number_of(hash)]; }
  const Shard& shard_of(std::uint64_t hash) const { return shards_[shard_number_of(hash)]; }

  Outcome make(Change& change);
  Outcome make_with_copy(Change& change);
  Outcome make_here(Shard& shard, std::uint64_t hash, Change& change);
  static Outcome make_locked(Shard& shard, std::uint64_t hash, Change& change);
  static Outcome write(Shard& shard, std::uint64_t hash, KeyTable::Place at, Change& change);
  static Outcome erase(Shard& shard, KeyTable::Place at, Change& change);
  static Outcome merge(Shard& shard, std::uint64_t hash, KeyTable::Place at, Change& change);
  static Outcome confirm(Shard& shard, std::uint64_t hash, KeyTable::Place at, const Change& change);
  static Outcome remove(Shard& shard, std::uint64_t hash, KeyTable::Place at, const Change& change);
  static Outcome set(Shard& shard, std::uint64_t hash, KeyTable::Place at, Change& change);
  static Outcome discard(Shard& shard, std::uint64_t hash, KeyTable::Place at);

  static Outcome admit(const Shard& shard, KeyTable::Place at, OwnershipProof right);
  static void insert(Shard& shard, std::uint64_t hash, EntryOwner entry);
  static void replace(Shard& shard, KeyTable::Place at, EntryOwner entry);
  static void forget(Shard& shard, const Entry& entry);
  void count_memory(Shard& shard) noexcept;

  const std::uint64_t seed_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> memory_{0};  // of all shards, entries and tables
};

}  // namespace p2p::diststore
