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

void MemoryEngine::insert(Shard& shard, std::string& key, std::string& value, Version version) {
  shard.bytes += key.size() + value.size();
  shard.entries.emplace(std::move(key), Entry{std::move(value), version});
}

void MemoryEngine::replace(Shard& shard, Entry& entry, std::string& value, Version version) {
  shard.bytes += value.size();
  shard.bytes -= entry.value.size();
  entry.value = std::move(value);
  entry.version = version;
}

void MemoryEngine::remove(Shard& shard, Map::iterator at) {
  shard.bytes -= at->first.size() + at->second.value.size();
  shard.entries.erase(at);
}

ReadOutcome MemoryEngine::read(std::string_view key, std::string& value, Version& version) const {
  const HashedKey wanted = hashed(key);
  const Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  if (shard.is_sealed) return ReadOutcome::sealed;
  const auto found = shard.entries.find(wanted);
  if (found == shard.entries.end()) return ReadOutcome::missing;
  value = found->second.value;
  version = found->second.version;
  return ReadOutcome::found;
}

std::optional<Version> MemoryEngine::write(std::string& key, std::string& value, Version proposed) {
  const HashedKey wanted = hashed(key);
  Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  if (shard.is_sealed) return std::nullopt;
  const auto found = shard.entries.find(wanted);
  if (found == shard.entries.end()) {
    insert(shard, key, value, proposed);
    return proposed;
  }
  proposed.stamp = std::max(proposed.stamp, found->second.version.stamp + 1);
  replace(shard, found->second, value, proposed);
  return proposed;
}

EraseOutcome MemoryEngine::erase(std::string_view key) {
  const HashedKey wanted = hashed(key);
  Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  if (shard.is_sealed) return EraseOutcome::sealed;
  const auto found = shard.entries.find(wanted);
  if (found == shard.entries.end()) return EraseOutcome::missing;
  remove(shard, found);
  return EraseOutcome::erased;
}

MergeOutcome MemoryEngine::merge(std::string& key, std::string& value, Version version) {
  const HashedKey wanted = hashed(key);
  Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  if (shard.is_sealed) return MergeOutcome::sealed;
  const auto found = shard.entries.find(wanted);
  if (found == shard.entries.end()) {
    insert(shard, key, value, version);
    return MergeOutcome::stored;
  }
  if (version <= found->second.version) return MergeOutcome::kept;
  replace(shard, found->second, value, version);
  return MergeOutcome::stored;
}

void MemoryEngine::seal() {
  for (Shard& shard : shards_) {
    const std::lock_guard hold(shard.mutex);
    shard.is_sealed = true;
  }
}

bool MemoryEngine::copy(std::string_view key, std::string& value, Version& version) const {
  const HashedKey wanted = hashed(key);
  const Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  const auto found = shard.entries.find(wanted);
  if (found == shard.entries.end()) return false;
  value = found->second.value;
  version = found->second.version;
  return true;
}

bool MemoryEngine::erase_unchanged(std::string_view key, Version version) {
  const HashedKey wanted = hashed(key);
  Shard& shard = shard_of(wanted);
  const std::lock_guard hold(shard.mutex);
  const auto found = shard.entries.find(wanted);
  if (found == shard.entries.end() || found->second.version != version) return false;
  remove(shard, found);
  return true;
}

void MemoryEngine::scan(ScanPosition& position, std::size_t keys_max, std::vector<HeldKey>& into) const {
  const std::size_t wanted = into.size() + keys_max;
  while (!position.at_end && into.size() < wanted) {
    const Shard& shard = shards_[position.shard];
    const std::lock_guard hold(shard.mutex);
    scan_shard(shard, position, wanted - into.size(), into);
    if (position.bucket < position.bucket_count) return;
    position = {position.shard + 1, 0, 0, position.shard + 1 == kShards};
  }
}

// A map that has been emptied keeps its buckets, hence a limit to those too: four times as many as keys.
void MemoryEngine::scan_shard(const Shard& shard, ScanPosition& position, std::size_t keys_max,
                              std::vector<HeldKey>& into) {
  const Map& entries = shard.entries;
  if (position.bucket_count != entries.bucket_count()) position.bucket = 0;  // it grew: other keys stand there now
  position.bucket_count = entries.bucket_count();
  const std::size_t last = std::min(position.bucket_count, position.bucket + 4 * keys_max);
  const std::size_t full = into.size() + keys_max;
  while (position.bucket < last && into.size() < full) {
    for (auto at = entries.begin(position.bucket); at != entries.end(position.bucket); ++at) {
      into.push_back({at->first, at->second.version, at->first.size() + at->second.value.size()});
    }
    ++position.bucket;
  }
}

EngineTotals MemoryEngine::totals() const {
  EngineTotals totals;
  for (const Shard& shard : shards_) {
    const std::lock_guard hold(shard.mutex);
    totals.keys += shard.entries.size();
    totals.bytes += shard.bytes;
  }
  return totals;
}

}  // namespace p2p::diststore
