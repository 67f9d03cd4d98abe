// Where is the entry of a key? A hash table that never pauses to grow as a whole: extendible hashing (Fagin et al.,
// 1979) over small segments with linear probing. An insertion moves at most one segment's entries; a look-up touches a
// slot and the entry.
#pragma once

#include "engine/memory/entry.h"
#include "engine/memory/heap_bytes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace p2p::diststore {

// A table ignores this many upper bits of a hash: they are the caller's, to choose among tables.
inline constexpr unsigned kTableHashShift = 6;

// Not synchronised. Owns its entries. Every call for a key must pass the same `hash`.
class KeyTable final {
 public:
  using Hash = std::uint64_t (*)(std::string_view key, std::uint64_t seed);

  // Callers compute their hashes with `hash_of` and `seed`.
  KeyTable(Hash hash_of, std::uint64_t seed);
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;
  ~KeyTable();

  std::size_t size() const noexcept { return size_; }
  // Without its entries.
  std::size_t memory_bytes() const noexcept { return segment_bytes_ + heap_bytes(directory_.size() * sizeof(Segment)); }

  // A slot in use; null: no such key. Valid until the next insert() or erase().
  using Place = std::uint64_t*;
  Place find(std::uint64_t hash, std::string_view key) const noexcept;
  static Entry& entry_at(Place place) noexcept { return *entry_of(*place); }

  // Adds the entry of a new key. Throws std::bad_alloc with nothing changed.
  void insert(std::uint64_t hash, EntryOwner entry);
  // Replaces the entry at `place` by `entry`, of the same key.
  static void replace(Place place, EntryOwner entry) noexcept;
  void erase(std::uint64_t hash, Place place) noexcept;

  // Hashes from `first` to `last`, without the caller's own bits.
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t last = ~std::uint64_t{0};
  };

  // The position of a scan, in the order of hashes, so that growth does not disturb it. A new one is at the beginning.
  struct Cursor {
    std::uint64_t prefix = 0;  // the first hash of the segment that is scanned, without the caller's own bits
    std::uint32_t home = 0;    // entries of lower homes were shown
    std::uint32_t slots = 0;   // of the segment at that time
    bool at_end = false;
  };
  // Calls `take` with the entries of some homes in `range`, until `entries_max` or until it returns false; returns how
  // many. An entry that exists during the whole scan is shown at least once, all entries of one home in one step.
  template <class Take>
  std::size_t scan(Cursor& cursor, Range range, std::size_t entries_max, Take take) const;

  // Erases the part of `range` that is in its first segment, calling `gone(entry)` before it erases each, and moves the
  // beginning of `range` past that segment. True: it was the last segment.
  template <class Gone>
  bool drop_some(Range& range, Gone gone);
  // Frees the memory of `range`, 2^n hashes from a multiple of that on, if it is empty.
  void join(Range range);

 private:
  // The upper 16 bits of a slot are the lowest 16 of the hash, the rest points to the entry; zero: free. So most slots
  // are told apart, and moved, without touching their entries.
  static constexpr unsigned kTagShift = 48;
  static constexpr std::uint64_t kPointerMask = (std::uint64_t{1} << kTagShift) - 1;
  static constexpr std::uint64_t kTagMask = 0xffff;

  static constexpr std::uint32_t kSlotsMin = 8;
  static constexpr std::uint32_t kSlotsMax = 512;  // then a segment is split: visits 384 entries, about 40 us
  // With fewer entries than this per directory entry, the hashes have bits in common and splitting does not separate
  // them: the segment gets more slots instead.
  static constexpr std::size_t kEntriesPerIndexMin = 16;

  // A directory entry. Slots are preceded by the number of those in use.
  struct Segment {
    std::uint64_t* slots = nullptr;
    std::uint32_t mask = 0;   // number of slots, less one
    std::uint32_t depth = 0;  // bits that its entries' hashes have in common
  };

  static Entry* entry_of(std::uint64_t slot) noexcept { return reinterpret_cast<Entry*>(slot & kPointerMask); }
  static std::uint64_t tag_of(std::uint64_t slot) noexcept { return slot >> kTagShift; }
  static std::uint64_t pack(std::uint64_t hash, Entry* entry) noexcept;
  static std::uint32_t home_of(std::uint64_t slot, const Segment& in) noexcept { return tag_of(slot) & in.mask; }
  static std::uint64_t& used_in(const Segment& segment) noexcept { return segment.slots[-1]; }
  static bool is_full(const Segment& segment) noexcept { return used_in(segment) >= (segment.mask + 1) / 4 * 3; }
  Segment make_segment(std::uint32_t slots, std::uint32_t depth);
  void free_segment(const Segment& segment) noexcept;
  static void put(const Segment& segment, std::uint64_t slot) noexcept;

  std::size_t index_of(std::uint64_t hash) const noexcept { return index_of_prefix(hash << kTableHashShift); }
  std::size_t index_of_prefix(std::uint64_t prefix) const noexcept { return depth_ == 0 ? 0 : prefix >> (64 - depth_); }
  // The first directory entry of the segment at `index`, and how many it has.
  std::size_t first_of(std::size_t index) const noexcept { return index & ~(span_of(index) - 1); }
  std::size_t span_of(std::size_t index) const noexcept { return std::size_t{1} << (depth_ - directory_[index].depth); }
  Range range_at(std::size_t index) const noexcept;
  bool is_in(const Range& range, const Entry& entry) const noexcept {
    const std::uint64_t hash = hash_of_(entry.key(), seed_) << kTableHashShift;
    return range.first <= hash && hash <= range.last;
  }
  void make_room(std::size_t index);
  void take_out(const Segment& segment, std::uint32_t at) noexcept;
  void widen(std::size_t index);
  void split(std::size_t index);
  void start_anew() noexcept;

  const Hash hash_of_;
  const std::uint64_t seed_;
  unsigned depth_ = 0;  // the directory has 2^depth_ entries
  std::size_t segment_bytes_ = 0;
  std::vector<Segment> directory_;
  std::size_t size_ = 0;
};

// A segment with few bits in common has entries on both sides of a range's ends: only there is each one checked.
template <class Take>
std::size_t KeyTable::scan(Cursor& cursor, Range range, std::size_t entries_max, Take take) const {
  std::size_t seen = 0;
  bool goes_on = true;
  cursor.prefix = std::max(cursor.prefix, range.first);
  while (!cursor.at_end) {
    const std::size_t index = index_of_prefix(cursor.prefix);
    const Range here = range_at(index);
    const bool is_inside = range.first <= here.first && here.last <= range.last;
    const Segment& segment = directory_[index];
    if (cursor.slots != segment.mask + 1) cursor = {cursor.prefix, 0, segment.mask + 1, false};
    // A table that has been emptied keeps its segments, hence a limit to the homes too.
    for (; cursor.home <= segment.mask; ++cursor.home) {
      if (seen >= entries_max || !goes_on) return seen;
      for (std::uint32_t at = cursor.home; segment.slots[at] != 0; at = (at + 1) & segment.mask) {
        if (home_of(segment.slots[at], segment) != cursor.home) continue;
        const Entry& entry = *entry_of(segment.slots[at]);
        if (!is_inside && !is_in(range, entry)) continue;
        goes_on = take(entry) && goes_on;
        ++seen;
      }
    }
    cursor = {here.last + 1, 0, 0, here.last >= range.last};
  }
  return seen;
}

// An entry that moves up into a free slot is checked there: it was not before, or it stays.
template <class Gone>
bool KeyTable::drop_some(Range& range, Gone gone) {
  const std::size_t index = index_of_prefix(range.first);
  const Range here = range_at(index);
  const bool is_inside = range.first <= here.first && here.last <= range.last;
  const Segment segment = directory_[index];
  for (std::uint32_t at = 0; at <= segment.mask; ++at) {
    while (segment.slots[at] != 0 && (is_inside || is_in(range, *entry_of(segment.slots[at])))) {
      gone(*entry_of(segment.slots[at]));
      take_out(segment, at);
    }
  }
  const bool is_over = here.last >= range.last;
  if (!is_over) range.first = here.last + 1;
  return is_over;
}

}  // namespace p2p::diststore
