// Where do values lie? In memory: a hash map in shards, one lock a shard. Knows versions, but not who owns a key, nor
// the time.
#pragma once

#include "replication/move_plan.h"
#include "replication/version.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace p2p::diststore {

// `sealed`: the engine has been sealed; nothing was looked up or changed.
enum class ReadOutcome : std::uint8_t { found, missing, sealed };
enum class EraseOutcome : std::uint8_t { erased, missing, sealed };
enum class MergeOutcome : std::uint8_t { stored, kept, sealed };

struct EngineTotals {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;  // of keys and values, without what the map itself takes
};

// Where a scan stands. A new one stands at the beginning.
struct ScanPosition {
  std::size_t shard = 0;
  std::size_t bucket = 0;
  std::size_t bucket_count = 0;  // of the shard when `bucket` was reached
  bool at_end = false;
};

// Each call is atomic for its key. Every method: [any thread].
class MemoryEngine final {
 public:
  // `seed` makes the hash of keys unpredictable to clients, so that nobody can fill one bucket on purpose.
  explicit MemoryEngine(std::uint64_t seed);

  // Copies the value and its version out; both are untouched unless found.
  ReadOutcome read(std::string_view key, std::string& value, Version& version) const;

  // The value replaces what is held, whatever its version; `proposed` is raised where it is not above that, so that an
  // acknowledged write always wins over what was acknowledged before it. Answers the version stored, nothing when
  // sealed. Moves from both strings unless sealed.
  std::optional<Version> write(std::string& key, std::string& value, Version proposed);

  EraseOutcome erase(std::string_view key);

  // For values that come from another node: stored only if newer than what is held.
  MergeOutcome merge(std::string& key, std::string& value, Version version);

  // From now on only copy(), scan() and erase_unchanged() work. When it returns, no other call is under way.
  void seal();

  // For moving keys away, also when sealed: the value; false when there is none.
  bool copy(std::string_view key, std::string& value, Version& version) const;

  // True, and the key is gone, if its value still has `version`.
  bool erase_unchanged(std::string_view key, Version version);

  // Appends about `keys_max` keys from `position` on to `into` and moves it ahead. Keys that are there during the whole
  // of a scan are met at least once; a shard that grows meanwhile is begun anew.
  void scan(ScanPosition& position, std::size_t keys_max, std::vector<HeldKey>& into) const;

  EngineTotals totals() const;

 private:
  struct HashedKey {
    std::string_view text;
    std::uint64_t hash;
  };
  struct Entry {
    std::string value;
    Version version;
  };
  // Not noexcept on purpose: that makes libstdc++ keep the hash beside each key, and growing need not hash them all
  // again.
  struct KeyHash {
    using is_transparent = void;
    std::uint64_t seed;
    std::size_t operator()(const HashedKey& key) const { return key.hash; }
    std::size_t operator()(const std::string& key) const;
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(const std::string& a, const std::string& b) const { return a == b; }
    bool operator()(const HashedKey& a, const std::string& b) const { return a.text == b; }
    bool operator()(const std::string& a, const HashedKey& b) const { return a == b.text; }
  };
  using Map = std::unordered_map<std::string, Entry, KeyHash, KeyEqual>;

  // A cache line of its own, so that the lock of one shard does not slow down its neighbour's.
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    Map entries{0, KeyHash{0}};
    std::uint64_t bytes = 0;
    bool is_sealed = false;
  };

  // With 64 locks, two of 16 threads that work all the time meet at one of them less than once in four calls.
  static constexpr unsigned kShardBits = 6;
  static constexpr std::size_t kShards = std::size_t{1} << kShardBits;

  HashedKey hashed(std::string_view key) const;
  // The upper bits choose the shard; the map takes the whole hash modulo a prime.
  Shard& shard_of(const HashedKey& key) { return shards_[key.hash >> (64 - kShardBits)]; }
  const Shard& shard_of(const HashedKey& key) const { return shards_[key.hash >> (64 - kShardBits)]; }

  static void insert(Shard& shard, std::string& key, std::string& value, Version version);
  static void replace(Shard& shard, Entry& entry, std::string& value, Version version);
  static void remove(Shard& shard, Map::iterator at);
  static void scan_shard(const Shard& shard, ScanPosition& position, std::size_t keys_max, std::vector<HeldKey>& into);

  const std::uint64_t seed_;
  std::array<Shard, kShards> shards_;
};

}  // namespace p2p::diststore
