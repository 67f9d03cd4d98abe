#include "engine/memory/memory_engine.h"

#include "engine/partition_of.h"

#include <algorithm>
#include <cstring>

namespace p2p::diststore {
namespace {

// The upper bits of a place are the partition, so that each partition is contiguous in scan order; the others cannot be
// predicted without the seed.
std::uint64_t first_place(Partition partition) { return std::uint64_t{partition} << (64 - kPartitionBits); }
std::uint64_t last_place(Partition partition) { return first_place(partition) | ~std::uint64_t{0} >> kPartitionBits; }

// ScanPosition::place: a cursor, whatever the table.
struct Place {
  std::uint64_t first = 0;
  std::uint32_t home = 0;
  std::uint32_t slots = 0;
};
static_assert(std::has_unique_object_representations_v<Place>);

// A position that is not of this range, as foreign bytes may be, is its beginning.
Place place_of(const ScanPosition& position, PartitionRange range) {
  const Place beginning{first_place(range.first), 0, 0};
  Place place = beginning;
  if (position.place.size() == sizeof place) std::memcpy(&place, position.place.data(), sizeof place);
  const bool is_within = beginning.first <= place.first && place.first <= last_place(range.last);
  return is_within ? place : beginning;
}

void put_place(ScanPosition& position, Place place) {
  position.place.assign(reinterpret_cast<const char*>(&place), sizeof place);
}

// The part of the partitions that is in the table of which `in` is a place.
KeyTable::Range range_in_table(PartitionRange range, std::uint64_t in) {
  const std::uint64_t first = in >> (64 - kTableHashShift) << (64 - kTableHashShift);
  const std::uint64_t last = first | ~std::uint64_t{0} >> kTableHashShift;
  return {std::max(first, first_place(range.first)) << kTableHashShift,
          std::min(last, last_place(range.last)) << kTableHashShift | ((std::uint64_t{1} << kTableHashShift) - 1)};
}

EntryView view_of(const Entry& entry) {
  return {entry.key(), entry.value(), entry.version, entry.is_erased(), entry.confirmed_in, entry.expires_at()};
}

}  // namespace

MemoryEngine::MemoryEngine(std::uint64_t seed)
    : seed_(seed), shards_(make_shards(seed, std::make_index_sequence<kShards>())) {
  static_assert(kTableHashShift == kShardBits, "the upper bits of a hash choose the shard");
  static_assert(kShardBits <= kPartitionBits, "a partition lies in one shard");
}

std::uint64_t MemoryEngine::hash_of(std::string_view key, std::uint64_t seed) {
  return first_place(partition_of(key)) | XXH3_64bits_withSeed(key.data(), key.size(), seed) >> kPartitionBits;
}

// --- looking ---------------------------------------------------------------------------------------------------------

Outcome MemoryEngine::admit(const Shard& shard, KeyTable::Place at, OwnershipProof right) {
  if (right.view_version != shard.view_version) return Outcome::fenced;  // (H1)
  const bool is_there = at != nullptr;
  if (right.confirmed_from != kNeverConfirmed &&
      (!is_there || KeyTable::entry_at(at).confirmed_in < right.confirmed_from)) {
    return Outcome::unconfirmed;
  }
  return is_there && !KeyTable::entry_at(at).is_erased() ? Outcome::done : Outcome::missing;
}

Result<Outcome> MemoryEngine::get(std::string_view key, OwnershipProof right, Use use) const {
  const std::uint64_t hash = hash_of(key, seed_);
  const Shard& shard = shard_of(hash);
  ShardLock::Reading hold(shard.lock);
  const KeyTable::Place found = shard.entries.find(hash, key);
  const Outcome outcome = admit(shard, found, right);
  if (outcome != Outcome::done) return outcome;
  const Entry& entry = KeyTable::entry_at(found);
  const Version version = entry.version;
  const WallMs expires_at = entry.expires_at();
  if (!entry.is_large()) {
    use(entry.value(), version, expires_at);
    return outcome;
  }
  const std::shared_ptr<const std::string> value = entry.large();
  hold.end();
  use(std::string_view(*value), version, expires_at);
  return outcome;
}

Result<std::optional<StoredEntry>> MemoryEngine::copy(std::string_view key) const {
  const std::uint64_t hash = hash_of(key, seed_);
  const Shard& shard = shard_of(hash);
  const ShardLock::Reading hold(shard.lock);
  const KeyTable::Place found = shard.entries.find(hash, key);
  if (found == nullptr) return std::optional<StoredEntry>();
  const Entry& entry = KeyTable::entry_at(found);
  return std::optional(StoredEntry{std::string(entry.value()), entry.version, entry.is_erased(), entry.confirmed_in,
                                   entry.expires_at()});
}

Result<Done> MemoryEngine::scan(PartitionRange range, ScanPosition& position, std::size_t entries_max,
                                Take take) const {
  Place place = place_of(position, range);
  bool goes_on = true;
  for (std::size_t shown = 0; !position.at_end && shown < entries_max && goes_on;) {
    const Shard& shard = shard_of(place.first);
    KeyTable::Cursor cursor{place.first << kTableHashShift, place.home, place.slots, false};
    {
      const ShardLock::Reading hold(shard.lock);
      shown += shard.entries.scan(cursor, range_in_table(range, place.first), entries_max - shown,
                                  [&](const Entry& entry) { return goes_on = take(view_of(entry)) && goes_on; });
    }
    const std::uint64_t number = shard_number_of(place.first);
    if (cursor.at_end) {
      position.at_end = number == shard_number_of(last_place(range.last));
      place = {(number + 1) << (64 - kShardBits), 0, 0};
    } else {
      place = {number << (64 - kShardBits) | cursor.prefix >> kTableHashShift, cursor.home, cursor.slots};
    }
  }
  put_place(position, place);
  return Done{};
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

// Asked for after each run of writes, so it is one number, not a sum over all shards.
std::uint64_t MemoryEngine::memory_bytes() const noexcept { return memory_.load(std::memory_order_relaxed); }

// --- changing --------------------------------------------------------------------------------------------------------

void MemoryEngine::insert(Shard& shard, std::uint64_t hash, EntryOwner entry) {
  const std::size_t bytes = entry->bytes_held();
  const std::size_t memory = entry->memory_bytes();
  const bool is_erased = entry->is_erased();
  shard.entries.insert(hash, std::move(entry));
  shard.bytes += bytes;
  shard.entry_memory += memory;
  shard.tombstones += is_erased;
}

void MemoryEngine::replace(Shard& shard, KeyTable::Place at, EntryOwner entry) {
  forget(shard, KeyTable::entry_at(at));
  shard.bytes += entry->bytes_held();
  shard.entry_memory += entry->memory_bytes();
  shard.tombstones += entry->is_erased();
  KeyTable::replace(at, std::move(entry));
}

void MemoryEngine::forget(Shard& shard, const Entry& entry) {
  shard.bytes -= entry.bytes_held();
  shard.entry_memory -= entry.memory_bytes();
  shard.tombstones -= entry.is_erased();
}

// With the shard's lock. A value that replaces one of the same size leaves the number, which all threads share, alone.
void MemoryEngine::count_memory(Shard& shard) noexcept {
  const std::uint64_t now = shard.entry_memory + shard.entries.memory_bytes();
  if (now == shard.counted_memory) return;
  memory_.fetch_add(now - shard.counted_memory, std::memory_order_relaxed);
  shard.counted_memory = now;
}

Result<Done> MemoryEngine::apply(std::span<Change> changes) {
  for (Change& change : changes) change.outcome = make(change);
  return Done{};
}

Outcome MemoryEngine::make(Change& change) {
  const bool is_held = change.owned != nullptr || change.shared != nullptr;
  if (change.value.size() >= kLargeValueBytes && !is_held) return make_with_copy(change);
  const std::uint64_t hash = hash_of(change.key, seed_);
  return make_here(shard_of(hash), hash, change);
}

// Copies before the lock is taken.
Outcome MemoryEngine::make_with_copy(Change& change) {
  std::string copied(change.value);
  change.owned = &copied;
  const Outcome outcome = make(change);
  change.owned = nullptr;
  return outcome;
}

Outcome MemoryEngine::make_here(Shard& shard, std::uint64_t hash, Change& change) {
  const ShardLock::Changing hold(shard.lock);
  const Outcome outcome = make_locked(shard, hash, change);
  count_memory(shard);
  return outcome;
}

Outcome MemoryEngine::make_locked(Shard& shard, std::uint64_t hash, Change& change) {
  const KeyTable::Place found = shard.entries.find(hash, change.key);
  switch (change.kind) {
    case Change::Kind::write:
      return write(shard, hash, found, change);
    case Change::Kind::erase:
      return erase(shard, found, change);
    case Change::Kind::merge:
      return merge(shard, hash, found, change);
    case Change::Kind::confirm:
      return confirm(shard, hash, found, change);
    case Change::Kind::remove:
      return remove(shard, hash, found, change);
    case Change::Kind::set:
      return set(shard, hash, found, change);
    case Change::Kind::discard:
      return discard(shard, hash, found);
  }
  return Outcome::kept;
}

Outcome MemoryEngine::write(Shard& shard, std::uint64_t hash, KeyTable::Place at, Change& change) {
  const ViewVersion view_version = change.right.view_version;
  const Outcome outcome = admit(shard, at, change.right);
  if (outcome == Outcome::unconfirmed || outcome == Outcome::fenced) return outcome;
  if (at == nullptr) {
    insert(shard, hash, Entry::make(change.key, change.value, change.owned, change.version, view_version, false));
    return Outcome::done;
  }
  Entry& entry = KeyTable::entry_at(at);
  change.version.stamp = std::max(change.version.stamp, entry.version.stamp + 1);
  if (entry.overwrite(change.value)) {
    entry.version = change.version;
    entry.confirmed_in = view_version;
  } else {
    replace(shard, at, Entry::make(change.key, change.value, change.owned, change.version, view_version, false));
  }
  return Outcome::done;
}

Outcome MemoryEngine::erase(Shard& shard, KeyTable::Place at, Change& change) {
  const Outcome outcome = admit(shard, at, change.right);
  if (outcome != Outcome::done) return outcome;
  change.version.stamp = std::max(change.version.stamp, KeyTable::entry_at(at).version.stamp + 1);
  replace(shard, at, Entry::make(change.key, {}, nullptr, change.version, change.right.view_version, true));
  return Outcome::done;
}

Outcome MemoryEngine::merge(Shard& shard, std::uint64_t hash, KeyTable::Place at, Change& change) {
  const ViewVersion view_version = change.right.view_version;
  if (view_version != shard.view_version) return Outcome::fenced;
  ViewVersion confirmed_in = change.is_confirmed ? view_version : kNeverConfirmed;
  if (at != nullptr) {
    Entry& entry = KeyTable::entry_at(at);
    if (change.version <= entry.version) {
      if (change.is_confirmed) entry.confirmed_in = view_version;
      return Outcome::kept;
    }
    // An unconfirmed entry outranks one that was confirmed here: the newer one wins (H20), and still counts.
    if (!change.is_confirmed) confirmed_in = entry.confirmed_in;
  }
  EntryOwner entry =
      Entry::make(change.key, change.value, change.owned, change.version, confirmed_in, change.is_erased);
  change.digest = digest_of(change.key, entry->value(), entry->version, entry->is_erased());
  if (at == nullptr) {
    insert(shard, hash, std::move(entry));
  } else {
    replace(shard, at, std::move(entry));
  }
  return Outcome::done;
}

Outcome MemoryEngine::confirm(Shard& shard, std::uint64_t hash, KeyTable::Place at, const Change& change) {
  const ViewVersion view_version = change.right.view_version;
  if (view_version != shard.view_version) return Outcome::fenced;
  if (at != nullptr) {
    KeyTable::entry_at(at).confirmed_in = view_version;
  } else {
    insert(shard, hash, Entry::make(change.key, {}, nullptr, {}, view_version, true));
  }
  return Outcome::done;
}

Outcome MemoryEngine::remove(Shard& shard, std::uint64_t hash, KeyTable::Place at, const Change& change) {
  if (at == nullptr) return Outcome::missing;
  const Entry& entry = KeyTable::entry_at(at);
  if (entry.version != change.version) return Outcome::kept;
  forget(shard, entry);
  shard.entries.erase(hash, at);
  return Outcome::done;
}

Outcome MemoryEngine::set(Shard& shard, std::uint64_t hash, KeyTable::Place at, Change& change) {
  if (at != nullptr && !change.is_erased && KeyTable::entry_at(at).overwrite(change.value)) {
    KeyTable::entry_at(at).version = change.version;
    KeyTable::entry_at(at).expire_at(change.expires_at);
    return Outcome::done;
  }
  const bool is_shared = change.shared != nullptr && change.value.size() >= kLargeValueBytes;
  EntryOwner entry = is_shared ? Entry::make_shared(change.key, *change.shared, change.version)
                               : Entry::make(change.key, change.value, change.owned, change.version, kNeverConfirmed,
                                             change.is_erased);
  entry->expire_at(change.expires_at);
  if (at == nullptr) {
    insert(shard, hash, std::move(entry));
  } else {
    replace(shard, at, std::move(entry));
  }
  return Outcome::done;
}

Outcome MemoryEngine::discard(Shard& shard, std::uint64_t hash, KeyTable::Place at) {
  if (at == nullptr) return Outcome::missing;
  forget(shard, KeyTable::entry_at(at));
  shard.entries.erase(hash, at);
  return Outcome::done;
}

// One segment per lock, so that no caller waits for the whole partition.
Result<Done> MemoryEngine::drop(Partition partition) {
  Shard& shard = shard_of(first_place(partition));
  const KeyTable::Range range = range_in_table(only(partition), first_place(partition));
  for (KeyTable::Range left = range;;) {
    const ShardLock::Changing hold(shard.lock);
    const bool is_over = shard.entries.drop_some(left, [&](const Entry& entry) { forget(shard, entry); });
    if (is_over) shard.entries.join(range);
    count_memory(shard);
    if (is_over) return Done{};
  }
}

void MemoryEngine::fence(ViewVersion view_version) {
  for (Shard& shard : shards_) {
    const ShardLock::Changing hold(shard.lock);
    shard.view_version = view_version;
  }
}

}  // namespace p2p::diststore
