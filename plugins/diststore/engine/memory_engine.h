// Where do values lie? In memory: a hash map in shards, which are locked one by one. Knows versions and eras, but not
// who owns a key, nor the time.
#pragma once

#include "engine/entry.h"
#include "engine/key_table.h"
#include "engine/shard_lock.h"
#include "replication/era.h"
#include "replication/held.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p::diststore {

// By what right is a key looked at? `era`: that of the ring by which the caller found this node to be its owner.
// `settled_from`: what lies here counts only if it was settled in this era or later; kNeverSettled: it counts in any
// case.
struct Right {
  Era era = 0;
  Era settled_from = kNeverSettled;
};

enum class Outcome : std::uint8_t {
  done,
  missing,    // there is no value; nothing was changed
  unsettled,  // another node may hold something newer; nothing was looked up or changed
  fenced,     // the caller's era has ended; nothing was looked up or changed
};
enum class MergeOutcome : std::uint8_t { stored, kept, fenced };

struct EngineTotals {
  std::uint64_t keys = 0;        // with a value
  std::uint64_t bytes = 0;       // of keys and values, without what the map itself takes
  std::uint64_t tombstones = 0;  // keys that are remembered as erased
};

// Where a scan stands. A new one stands at the beginning.
struct ScanPosition {
  std::size_t shard = 0;
  KeyTable::Cursor cursor;  // in that shard
  bool at_end = false;
};

// Each call is atomic for its key. Every method: [any thread].
class MemoryEngine final {
 public:
  using Wanted = std::function<bool(std::string_view key)>;

  // `seed` makes the hash of keys unpredictable to clients, so that nobody can fill one bucket on purpose.
  explicit MemoryEngine(std::uint64_t seed);

  // Shows `use(std::string_view value, Version)` what is held, when done. `use` runs with the lock of the key's shard
  // held unless the value is large (kLargeValueBytes), so it must be short and not come back.
  template <class Use>
  Outcome read(std::string_view key, Right right, Use use) const;
  // Copies the value and its version out; both are untouched unless done.
  Outcome read(std::string_view key, Right right, std::string& value, Version& version) const;

  // The value replaces what is held, whatever its version; `version` is raised where it is not above that, so that an
  // acknowledged write always wins over what was acknowledged before it. Done: a large value was moved from, where that
  // is possible.
  Outcome write(std::string_view key, std::string& value, Right right, Version& version) {
    return write(key, value, &value, right, version);
  }
  Outcome write(std::string_view key, std::string_view value, Right right, Version& version);

  // Leaves a tombstone, whose version is raised in the same way. Missing: nothing is left behind.
  Outcome erase(std::string_view key, Right right, Version& version);

  // For what another node held: stored only if newer than what is held; a large value is then moved from. `settled`:
  // its sender knows of nothing newer; what lies here then counts as settled in `era`. When it is stored, `digest`
  // becomes that of what lies here.
  MergeOutcome merge(std::string_view key, Held& item, Era era, bool settled, std::uint64_t& digest);

  // Nobody else holds anything newer: what lies here counts as settled in `era`; a tombstone that loses against
  // everything is left where nothing lies. Fenced when `era` has ended, otherwise done.
  Outcome settle(std::string_view key, Era era);

  // Begins an era. When it returns, no call with a right of an older one is under way, and none will succeed.
  void fence(Era era);

  // What lies here, by whatever right; none when there is nothing.
  std::optional<Held> copy(std::string_view key) const;

  // True, and the key is gone, if it still has `version`.
  bool remove_unchanged(std::string_view key, Version version);

  // Appends about `keys_max` keys from `position` on to `into` and moves it ahead. Keys that are there during the whole
  // of a scan are met at least once.
  void scan(ScanPosition& position, std::size_t keys_max, std::vector<HeldKey>& into) const;

  // The same, for those keys alone that are `wanted`, and with their values; answers how many keys were looked at.
  // `wanted` runs with the lock of the key's shard held.
  struct ScanLimits {
    std::size_t keys_max = 0;   // looked at
    std::size_t bytes_max = 0;  // of keys and values copied; the one that exceeds it is the last
  };
  std::size_t scan_values(ScanPosition& position, ScanLimits limits, const Wanted& wanted,
                          std::vector<HeldKey>& into) const;

  EngineTotals totals() const;

 private:
  struct Shard {
    explicit Shard(std::uint64_t seed) : entries(hash_of, seed) {}

    ShardLock lock;
    KeyTable entries;
    std::uint64_t bytes = 0;
    std::uint64_t tombstones = 0;
    Era era = 0;
  };

  // Of 16 threads that change keys all the time, two meet in one of 64 shards less than once in four calls.
  static constexpr unsigned kShardBits = 6;
  static constexpr std::size_t kShards = std::size_t{1} << kShardBits;

  template <std::size_t... Number>
  static std::array<Shard, kShards> make_shards(std::uint64_t seed, std::index_sequence<Number...>) {
    return {{(static_cast<void>(Number), Shard(seed))...}};
  }
  Outcome write(std::string_view key, std::string_view value, std::string* owned, Right right, Version& version);
  static std::uint64_t hash_of(std::string_view key, std::uint64_t seed);
  Shard& shard_of(std::uint64_t hash) { return shards_[hash >> (64 - kShardBits)]; }
  const Shard& shard_of(std::uint64_t hash) const { return shards_[hash >> (64 - kShardBits)]; }

  static Outcome admit(const Shard& shard, KeyTable::Place at, Right right);
  static void insert(Shard& shard, std::uint64_t hash, EntryOwner entry);
  static void replace(Shard& shard, KeyTable::Place at, EntryOwner entry);
  // `take(entry)` for about `keys_max` entries from `position` on, until it answers false; how many there were.
  template <class Take>
  std::size_t scan_entries(ScanPosition& position, std::size_t keys_max, Take take) const;

  const std::uint64_t seed_;
  std::array<Shard, kShards> shards_;
};

template <class Use>
Outcome MemoryEngine::read(std::string_view key, Right right, Use use) const {
  const std::uint64_t hash = hash_of(key, seed_);
  const Shard& shard = shard_of(hash);
  ShardLock::Reading hold(shard.lock);
  const KeyTable::Place found = shard.entries.find(hash, key);
  const Outcome outcome = admit(shard, found, right);
  if (outcome != Outcome::done) return outcome;
  const Entry& entry = KeyTable::entry_at(found);
  const Version version = entry.version;
  if (!entry.is_large()) {
    use(entry.value(), version);
    return outcome;
  }
  const std::shared_ptr<const std::string> value = entry.large();
  hold.end();
  use(std::string_view(*value), version);
  return outcome;
}

}  // namespace p2p::diststore
