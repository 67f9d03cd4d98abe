#include "engine/memory_engine.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace p2p::diststore {

static_assert(kTableHashShift == 6, "the upper bits of a hash choose the shard");

MemoryEngine::MemoryEngine(std::uint64_t seed)
    : seed_(seed), shards_(make_shards(seed, std::make_index_sequence<kShards>())) {}

std::uint64_t MemoryEngine::hash_of(std::string_view key, std::uint64_t seed) {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed);
}

void MemoryEngine::insert(Shard& shard, std::uint64_t hash, EntryOwner entry) {
  const std::size_t bytes = entry->bytes_held();
  const bool is_erased = entry->is_erased();
  shard.entries.insert(hash, std::move(entry));
  shard.bytes += bytes;
  shard.tombstones += is_erased;
}

void MemoryEngine::replace(Shard& shard, KeyTable::Place at, EntryOwner entry) {
  const Entry& former = KeyTable::entry_at(at);
  shard.bytes += entry->bytes_held();
  shard.bytes -= former.bytes_held();
  shard.tombstones += entry->is_erased();
  shard.tombstones -= former.is_erased();
  KeyTable::replace(at, std::move(entry));
}

Outcome MemoryEngine::admit(const Shard& shard, KeyTable::Place at, Right right) {
  if (right.era != shard.era) return Outcome::fenced;
  const bool is_there = at != nullptr;
  if (right.settled_from != kNeverSettled && (!is_there || KeyTable::entry_at(at).settled_in < right.settled_from)) {
    return Outcome::unsettled;
  }
  return is_there && !KeyTable::entry_at(at).is_erased() ? Outcome::done : Outcome::missing;
}

Outcome MemoryEngine::read(std::string_view key, Right right, std::string& value, Version& version) const {
  return read(key, right, [&](std::string_view held, Version of) {
    value = held;
    version = of;
  });
}

Outcome MemoryEngine::write(std::string_view key, std::string_view value, Right right, Version& version) {
  if (value.size() < kLargeValueBytes) return write(key, value, nullptr, right, version);
  std::string owned(value);  // copied before the lock is taken
  return write(key, value, &owned, right, version);
}

Outcome MemoryEngine::write(std::string_view key, std::string_view value, std::string* owned, Right right,
                            Version& version) {
  const std::uint64_t hash = hash_of(key, seed_);
  Shard& shard = shard_of(hash);
  const ShardLock::Changing hold(shard.lock);
  const KeyTable::Place found = shard.entries.find(hash, key);
  const Outcome outcome = admit(shard, found, right);
  if (outcome == Outcome::unsettled || outcome == Outcome::fenced) return outcome;
  if (found == nullptr) {
    insert(shard, hash, Entry::make(key, value, owned, version, right.era, false));
    return Outcome::done;
  }
  Entry& entry = KeyTable::entry_at(found);
  version.stamp = std::max(version.stamp, entry.version.stamp + 1);
  if (entry.overwrite(value)) {
    entry.version = version;
    entry.settled_in = right.era;
  } else {
    replace(shard, found, Entry::make(key, value, owned, version, right.era, false));
  }
  return Outcome::done;
}

Outcome MemoryEngine::erase(std::string_view key, Right right, Version& version) {
  const std::uint64_t hash = hash_of(key, seed_);
  Shard& shard = shard_of(hash);
  const ShardLock::Changing hold(shard.lock);
  const KeyTable::Place found = shard.entries.find(hash, key);
  const Outcome outcome = admit(shard, found, right);
  if (outcome != Outcome::done) return outcome;
  version.stamp = std::max(version.stamp, KeyTable::entry_at(found).version.stamp + 1);
  replace(shard, found, Entry::make(key, {}, nullptr, version, right.era, true));
  return Outcome::done;
}

MergeOutcome MemoryEngine::merge(std::string_view key, Held& item, Era era, bool settled, std::uint64_t& digest) {
  const std::uint64_t hash = hash_of(key, seed_);
  Shard& shard = shard_of(hash);
  const ShardLock::Changing hold(shard.lock);
  if (era != shard.era) return MergeOutcome::fenced;
  Era settled_in = settled ? era : kNeverSettled;
  const KeyTable::Place found = shard.entries.find(hash, key);
  if (found != nullptr) {
    Entry& entry = KeyTable::entry_at(found);
    if (item.version <= entry.version) {
      if (settled) entry.settled_in = era;
      return MergeOutcome::kept;
    }
    // What was settled here and is outranked by what nobody vouches for: the newer one wins, and still counts.
    if (!settled) settled_in = entry.settled_in;
  }
  EntryOwner entry = Entry::make(key, item.value, &item.value, item.version, settled_in, item.is_erased);
  digest = digest_of(key, entry->value(), entry->version, entry->is_erased());
  if (found == nullptr) {
    insert(shard, hash, std::move(entry));
  } else {
    replace(shard, found, std::move(entry));
  }
  return MergeOutcome::stored;
}

Outcome MemoryEngine::settle(std::string_view key, Era era) {
  const std::uint64_t hash = hash_of(key, seed_);
  Shard& shard = shard_of(hash);
  const ShardLock::Changing hold(shard.lock);
  if (era != shard.era) return Outcome::fenced;
  if (const KeyTable::Place found = shard.entries.find(hash, key); found != nullptr) {
    KeyTable::entry_at(found).settled_in = era;
  } else {
    insert(shard, hash, Entry::make(key, {}, nullptr, {}, era, true));
  }
  return Outcome::done;
}

void MemoryEngine::fence(Era era) {
  for (Shard& shard : shards_) {
    const ShardLock::Changing hold(shard.lock);
    shard.era = era;
  }
}

std::optional<Held> MemoryEngine::copy(std::string_view key) const {
  const std::uint64_t hash = hash_of(key, seed_);
  const Shard& shard = shard_of(hash);
  const ShardLock::Reading hold(shard.lock);
  const KeyTable::Place found = shard.entries.find(hash, key);
  if (found == nullptr) return std::nullopt;
  const Entry& entry = KeyTable::entry_at(found);
  return Held{std::string(entry.value()), entry.version, entry.is_erased(), entry.settled_in};
}

bool MemoryEngine::remove_unchanged(std::string_view key, Version version) {
  const std::uint64_t hash = hash_of(key, seed_);
  Shard& shard = shard_of(hash);
  const ShardLock::Changing hold(shard.lock);
  const KeyTable::Place found = shard.entries.find(hash, key);
  if (found == nullptr) return false;
  const Entry& entry = KeyTable::entry_at(found);
  if (entry.version != version) return false;
  shard.bytes -= entry.bytes_held();
  shard.tombstones -= entry.is_erased();
  shard.entries.erase(hash, found);
  return true;
}

template <class Take>
std::size_t MemoryEngine::scan_entries(ScanPosition& position, std::size_t keys_max, Take take) const {
  std::size_t seen = 0;
  bool goes_on = true;
  while (!position.at_end && seen < keys_max && goes_on) {
    const Shard& shard = shards_[position.shard];
    const ShardLock::Reading hold(shard.lock);
    seen += shard.entries.scan(position.cursor, keys_max - seen, [&](const Entry& entry) {
      goes_on = take(entry) && goes_on;
      return goes_on;
    });
    if (!position.cursor.at_end) break;
    position = {position.shard + 1, {}, position.shard + 1 == kShards};
  }
  return seen;
}

void MemoryEngine::scan(ScanPosition& position, std::size_t keys_max, std::vector<HeldKey>& into) const {
  scan_entries(position, keys_max, [&](const Entry& entry) {
    into.push_back(
        {std::string(entry.key()), entry.version, entry.bytes_held(), entry.is_erased(), {}, entry.settled_in});
    return true;
  });
}

std::size_t MemoryEngine::scan_values(ScanPosition& position, ScanLimits limits, const Wanted& wanted,
                                      std::vector<HeldKey>& into) const {
  std::size_t copied = 0;
  return scan_entries(position, limits.keys_max, [&](const Entry& entry) {
    if (!wanted(entry.key())) return true;
    into.push_back({std::string(entry.key()), entry.version, entry.bytes_held(), entry.is_erased(),
                    std::string(entry.value()), entry.settled_in});
    copied += entry.bytes_held();
    return copied < limits.bytes_max;
  });
}

EngineTotals MemoryEngine::totals() const {
  EngineTotals totals;
  for (const Shard& shard : shards_) {
    const ShardLock::Reading hold(shard.lock);
    totals.keys += shard.entries.size() - shard.tombstones;
    totals.bytes += shard.bytes;
    totals.tombstones += shard.tombstones;
  }
  return totals;
}

}  // namespace p2p::diststore
