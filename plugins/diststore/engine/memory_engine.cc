#include "engine/memory_engine.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace p2p::diststore {

MemoryEngine::MemoryEngine(std::uint64_t seed) : seed_(seed) {
  for (Shard& shard : shards_) shard.entries = Map(0, KeyHash{seed});
}

std::size_t MemoryEngine::KeyHash::operator()(const std::string& key) const {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed);
}

MemoryEngine::HashedKey MemoryEngine::hashed(std::string_view key) const {
  return {key, XXH3_64bits_withSeed(key.data(), key.size(), seed_)};
}

void MemoryEngine::insert(Shard& shard, std::string key, Entry entry) {
  shard.bytes += key.size() + entry.value.size();
  shard.tombstones += entry.is_erased;
  shard.entries.emplace(std::move(key), std::move(entry));
}

void MemoryEngine::replace(Shard& shard, Entry& entry, Entry with) {
  shard.bytes += with.value.size();
  shard.bytes -= entry.value.size();
  shard.tombstones += with.is_erased;
  shard.tombstones -= entry.is_erased;
  entry = std::move(with);
}

void MemoryEngine::remove(Shard& shard, Map::iterator at) {
  shard.bytes -= at->first.size() + at->second.value.size();
  shard.tombstones -= at->second.is_erased;
  shard.entries.erase(at);
}

Outcome MemoryEngine::admit(const Shard& shard, Map::const_iterator at, Right right) {
  if (right.era != shard.era) return Outcome::fenced;
  const bool is_there = at != shard.entries.end();
  if (right.settled_from != kNeverSettled && (!is_there || at->second.settled_in < right.settled_from)) {
    return Outcome::unsettled;
  }
  return is_there && !at->second.is_erased ? Outcome::done : Outcome::missing;
}

Outcome MemoryEngine::read(std::string_view key, Right right, std::string& value, Version& version) const {
  const HashedKey wanted = hashed(key);
  const Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  const auto found = shard.entries.find(wanted);
  const Outcome outcome = admit(shard, found, right);
  if (outcome != Outcome::done) return outcome;
  value = found->second.value;
  version = found->second.version;
  return Outcome::done;
}

Outcome MemoryEngine::write(std::string& key, std::string& value, Right right, Version& version) {
  const HashedKey wanted = hashed(key);
  Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  const auto found = shard.entries.find(wanted);
  const Outcome outcome = admit(shard, found, right);
  if (outcome == Outcome::unsettled || outcome == Outcome::fenced) return outcome;
  if (found == shard.entries.end()) {
    insert(shard, std::move(key), {std::move(value), version, right.era, 0});
    return Outcome::done;
  }
  version.stamp = std::max(version.stamp, found->second.version.stamp + 1);
  replace(shard, found->second, {std::move(value), version, right.era, 0});
  return Outcome::done;
}

Outcome MemoryEngine::erase(std::string_view key, Right right, Version& version) {
  const HashedKey wanted = hashed(key);
  Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  const auto found = shard.entries.find(wanted);
  const Outcome outcome = admit(shard, found, right);
  if (outcome != Outcome::done) return outcome;
  version.stamp = std::max(version.stamp, found->second.version.stamp + 1);
  replace(shard, found->second, {{}, version, right.era, 1});
  return Outcome::done;
}

MergeOutcome MemoryEngine::merge(std::string& key, Held& item, Era era, bool settled, std::uint64_t& digest) {
  const HashedKey wanted = hashed(key);
  Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  if (era != shard.era) return MergeOutcome::fenced;
  const Era settled_in = settled ? era : kNeverSettled;
  const auto found = shard.entries.find(wanted);
  if (found != shard.entries.end() && item.version <= found->second.version) {
    if (settled) found->second.settled_in = era;
    return MergeOutcome::kept;
  }
  Entry entry{std::move(item.value), item.version, settled_in, item.is_erased};
  digest = digest_of(wanted.text, entry.value, entry.version, entry.is_erased);
  if (found == shard.entries.end()) {
    insert(shard, std::move(key), std::move(entry));
  } else {
    // What was settled here and is outranked by what nobody vouches for: the newer one wins, and still counts.
    if (!settled) entry.settled_in = found->second.settled_in;
    replace(shard, found->second, std::move(entry));
  }
  return MergeOutcome::stored;
}

Outcome MemoryEngine::settle(std::string_view key, Era era) {
  const HashedKey wanted = hashed(key);
  Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  if (era != shard.era) return Outcome::fenced;
  const auto found = shard.entries.find(wanted);
  if (found == shard.entries.end()) {
    insert(shard, std::string(key), {{}, {}, era, 1});
  } else {
    found->second.settled_in = era;
  }
  return Outcome::done;
}

void MemoryEngine::fence(Era era) {
  for (Shard& shard : shards_) {
    const std::lock_guard hold(shard.mutex);
    shard.era = era;
  }
}

std::optional<Held> MemoryEngine::copy(std::string_view key) const {
  const HashedKey wanted = hashed(key);
  const Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  const auto found = shard.entries.find(wanted);
  if (found == shard.entries.end()) return std::nullopt;
  const Entry& entry = found->second;
  return Held{entry.value, entry.version, entry.is_erased != 0, entry.settled_in};
}

bool MemoryEngine::remove_unchanged(std::string_view key, Version version) {
  const HashedKey wanted = hashed(key);
  Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  const auto found = shard.entries.find(wanted);
  if (found == shard.entries.end() || found->second.version != version) return false;
  remove(shard, found);
  return true;
}

template <class Take>
std::size_t MemoryEngine::scan_entries(ScanPosition& position, std::size_t keys_max, Take take) const {
  std::size_t seen = 0;
  bool goes_on = true;
  while (!position.at_end && seen < keys_max && goes_on) {
    const Shard& shard = shards_[position.shard];
    const std::lock_guard hold(shard.mutex);
    seen += scan_shard(shard, position, keys_max - seen, take, goes_on);
    if (position.bucket < position.bucket_count) break;
    position = {position.shard + 1, 0, 0, position.shard + 1 == kShards};
  }
  return seen;
}

// A map that has been emptied keeps its buckets, hence a limit to those too: four times as many as keys.
template <class Take>
std::size_t MemoryEngine::scan_shard(const Shard& shard, ScanPosition& position, std::size_t keys_max, Take& take,
                                     bool& goes_on) {
  const Map& entries = shard.entries;
  if (position.bucket_count != entries.bucket_count()) position.bucket = 0;  // it grew: other keys stand there now
  position.bucket_count = entries.bucket_count();
  const std::size_t last = std::min(position.bucket_count, position.bucket + 4 * keys_max);
  std::size_t seen = 0;
  while (position.bucket < last && seen < keys_max && goes_on) {
    for (auto at = entries.begin(position.bucket); at != entries.end(position.bucket); ++at) {
      goes_on = take(at->first, at->second) && goes_on;
      ++seen;
    }
    ++position.bucket;
  }
  return seen;
}

void MemoryEngine::scan(ScanPosition& position, std::size_t keys_max, std::vector<HeldKey>& into) const {
  scan_entries(position, keys_max, [&](const std::string& key, const Entry& entry) {
    into.push_back({key, entry.version, key.size() + entry.value.size(), entry.is_erased != 0, {}, entry.settled_in});
    return true;
  });
}

std::size_t MemoryEngine::scan_values(ScanPosition& position, ScanLimits limits, const Wanted& wanted,
                                      std::vector<HeldKey>& into) const {
  std::size_t copied = 0;
  return scan_entries(position, limits.keys_max, [&](const std::string& key, const Entry& entry) {
    if (!wanted(key)) return true;
    const std::size_t bytes = key.size() + entry.value.size();
    into.push_back({key, entry.version, bytes, entry.is_erased != 0, entry.value, entry.settled_in});
    copied += bytes;
    return copied < limits.bytes_max;
  });
}

EngineTotals MemoryEngine::totals() const {
  EngineTotals totals;
  for (const Shard& shard : shards_) {
    const std::lock_guard hold(shard.mutex);
    totals.keys += shard.entries.size() - shard.tombstones;
    totals.bytes += shard.bytes;
    totals.tombstones += shard.tombstones;
  }
  return totals;
}

}  // namespace p2p::diststore
