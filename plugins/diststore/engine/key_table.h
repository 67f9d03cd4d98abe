// Where does the entry of a key lie? A hash table that never stops to grow as a whole: extendible hashing (Fagin et
// al., 1979) over small segments with linear probing. An insertion moves at most one segment's entries; a look-up
// touches a slot and the entry.
#pragma once

#include "engine/entry.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace p2p::diststore {

// The part of a hash that a table looks at begins here; the bits above are the caller's own, to choose among tables.
inline constexpr unsigned kTableHashShift = 6;

// Not synchronised. Owns its entries. The same `hash` must be given for a key every time.
class KeyTable final {
 public:
  using Hash = std::uint64_t (*)(std::string_view key, std::uint64_t seed);

  // `hash_of` with `seed` is what callers compute their hashes with.
  KeyTable(Hash hash_of, std::uint64_t seed);
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;
  ~KeyTable();

  std::size_t size() const noexcept { return size_; }

  // A slot in use; null: the key is not there. Holds until the next insert() or erase().
  using Place = std::uint64_t*;
  Place find(std::uint64_t hash, std::string_view key) const noexcept;
  static Entry& entry_at(Place place) noexcept { return *entry_of(*place); }

  // Takes the entry of a key that is not there. Throws std::bad_alloc with nothing changed.
  void insert(std::uint64_t hash, EntryOwner entry);
  // Takes `entry`, of the same key, in place of the one there.
  static void replace(Place place, EntryOwner entry) noexcept;
  void erase(std::uint64_t hash, Place place) noexcept;

  // Where a scan stands: in the order of hashes, so that growth does not disturb it. A new one stands at the beginning.
  struct Cursor {
    std::uint64_t prefix = 0;  // the first hash of the segment that is scanned, without the caller's own bits
    std::uint32_t home = 0;    // entries of lower homes were met
    std::uint32_t slots = 0;   // that the segment had then
    bool at_end = false;
  };
  // Shows `take` the entries of some homes until it has seen `entries_max` or it answers false; how many there were.
  // Entries that are there during the whole of a scan are met at least once. All entries of one home are met in one
  // step.
  template <class Take>
  std::size_t scan(Cursor& cursor, std::size_t entries_max, Take take) const;

 private:
  // The upper 16 bits of a slot are the lowest 16 of the hash, the rest points to the entry; zero: free. So most slots
  // are told apart, and moved, without a look at their entries.
  static constexpr unsigned kTagShift = 48;
  static constexpr std::uint64_t kPointerMask = (std::uint64_t{1} << kTagShift) - 1;
  static constexpr std::uint64_t kTagMask = 0xffff;

  static constexpr std::uint32_t kSlotsMin = 8;
  static constexpr std::uint32_t kSlotsMax = 512;  // then a segment is split: 384 entries are looked at, about 40 us
  // With fewer entries than this for each of the directory, hashes have bits in common, and splitting does not part
  // them: then the segment gets more slots instead.
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
  static Segment make_segment(std::uint32_t slots, std::uint32_t depth);
  static void free_segment(const Segment& segment) noexcept;
  static void put(const Segment& segment, std::uint64_t slot) noexcept;

  std::size_t index_of(std::uint64_t hash) const noexcept {
    return depth_ == 0 ? 0 : (hash << kTableHashShift) >> (64 - depth_);
  }
  // The first directory entry of the segment at `index`, and how many it has.
  std::size_t first_of(std::size_t index) const noexcept { return index & ~(span_of(index) - 1); }
  std::size_t span_of(std::size_t index) const noexcept { return std::size_t{1} << (depth_ - directory_[index].depth); }
  void make_room(std::size_t index);
  void widen(std::size_t index);
  void split(std::size_t index);
  void start_anew() noexcept;

  const Hash hash_of_;
  const std::uint64_t seed_;
  unsigned depth_ = 0;  // the directory has 2^depth_ entries
  std::vector<Segment> directory_;
  std::size_t size_ = 0;
};

template <class Take>
std::size_t KeyTable::scan(Cursor& cursor, std::size_t entries_max, Take take) const {
  std::size_t seen = 0;
  bool goes_on = true;
  while (!cursor.at_end) {
    const std::size_t index = depth_ == 0 ? 0 : cursor.prefix >> (64 - depth_);
    const Segment& segment = directory_[index];
    if (cursor.slots != segment.mask + 1) cursor = {cursor.prefix, 0, segment.mask + 1, false};
    // A table that has been emptied keeps its segments, hence a limit to the homes too.
    for (; cursor.home <= segment.mask; ++cursor.home) {
      if (seen >= entries_max || !goes_on) return seen;
      for (std::uint32_t at = cursor.home; segment.slots[at] != 0; at = (at + 1) & segment.mask) {
        if (home_of(segment.slots[at], segment) != cursor.home) continue;
        goes_on = take(*entry_of(segment.slots[at])) && goes_on;
        ++seen;
      }
    }
    const std::size_t next = first_of(index) + span_of(index);
    cursor = {depth_ == 0 ? 0 : std::uint64_t{next} << (64 - depth_), 0, 0, next == directory_.size()};
  }
  return seen;
}

}  // namespace p2p::diststore
