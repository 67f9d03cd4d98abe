#include "engine/memory/key_table.h"

#include <p2p/assert.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace p2p::diststore {

KeyTable::KeyTable(Hash hash_of, std::uint64_t seed) : hash_of_(hash_of), seed_(seed) {
  directory_.push_back(make_segment(kSlotsMin, 0));
}

KeyTable::~KeyTable() {
  for (std::size_t index = 0; index < directory_.size(); index += span_of(index)) {
    const Segment& segment = directory_[index];
    for (std::uint32_t at = 0; at <= segment.mask; ++at) {
      if (segment.slots[at] != 0) EntryDeleter{}(entry_of(segment.slots[at]));
    }
    free_segment(segment);
  }
}

std::uint64_t KeyTable::pack(std::uint64_t hash, Entry* entry) noexcept {
  const auto pointer = reinterpret_cast<std::uintptr_t>(entry);
  P2P_ASSERT((pointer & ~kPointerMask) == 0, "an address of more than 48 bits");
  return (hash & kTagMask) << kTagShift | pointer;
}

KeyTable::Segment KeyTable::make_segment(std::uint32_t slots, std::uint32_t depth) {
  auto* block = new std::uint64_t[slots + 1]();  // freed by free_segment()
  segment_bytes_ += heap_bytes((slots + 1) * sizeof *block);
  return {block + 1, slots - 1, depth};
}

void KeyTable::free_segment(const Segment& segment) noexcept {
  segment_bytes_ -= heap_bytes((std::size_t{segment.mask} + 2) * sizeof *segment.slots);
  delete[](segment.slots - 1);
}

void KeyTable::put(const Segment& segment, std::uint64_t slot) noexcept {
  std::uint32_t at = home_of(slot, segment);
  while (segment.slots[at] != 0) at = (at + 1) & segment.mask;
  segment.slots[at] = slot;
  ++used_in(segment);
}

KeyTable::Place KeyTable::find(std::uint64_t hash, std::string_view key) const noexcept {
  const Segment& segment = directory_[index_of(hash)];
  const std::uint64_t tag = hash & kTagMask;
  for (std::uint32_t at = tag & segment.mask; segment.slots[at] != 0; at = (at + 1) & segment.mask) {
    if (tag_of(segment.slots[at]) == tag && entry_of(segment.slots[at])->key() == key) return &segment.slots[at];
  }
  return nullptr;
}

void KeyTable::insert(std::uint64_t hash, EntryOwner entry) {
  while (is_full(directory_[index_of(hash)])) make_room(index_of(hash));
  put(directory_[index_of(hash)], pack(hash, entry.release()));
  ++size_;
}

void KeyTable::replace(Place place, EntryOwner entry) noexcept {
  const EntryOwner former(entry_of(*place));
  *place = tag_of(*place) << kTagShift | pack(0, entry.release());
}

void KeyTable::erase(std::uint64_t hash, Place place) noexcept {
  const Segment& segment = directory_[index_of(hash)];
  take_out(segment, static_cast<std::uint32_t>(place - segment.slots));
  if (size_ == 0) start_anew();
}

// Entries after the free slot move up, unless that would put them before their home.
void KeyTable::take_out(const Segment& segment, std::uint32_t free) noexcept {
  const EntryOwner gone(entry_of(segment.slots[free]));
  for (std::uint32_t at = (free + 1) & segment.mask; segment.slots[at] != 0; at = (at + 1) & segment.mask) {
    const std::uint32_t distance = (at - home_of(segment.slots[at], segment)) & segment.mask;
    if (distance < ((at - free) & segment.mask)) continue;
    segment.slots[free] = segment.slots[at];
    free = at;
  }
  segment.slots[free] = 0;
  --used_in(segment);
  --size_;
}

KeyTable::Range KeyTable::range_at(std::size_t index) const noexcept {
  if (depth_ == 0) return {};
  const unsigned shift = 64 - depth_;
  const std::uint64_t first = std::uint64_t{first_of(index)} << shift;
  // In this order: after the last segment this is 2^64.
  return {first, first + (std::uint64_t{span_of(index)} << shift) - 1};
}

// A segment that reaches beyond the range stays as it is.
void KeyTable::join(Range range) {
  if (size_ == 0) return start_anew();
  const auto depth = static_cast<std::uint32_t>(std::countl_zero(range.first ^ range.last));
  const std::size_t first = index_of_prefix(range.first);
  const std::size_t end = index_of_prefix(range.last) + 1;
  if (depth > depth_ || directory_[first].depth < depth) return;
  for (std::size_t at = first; at < end; at += span_of(at)) {
    if (used_in(directory_[at]) != 0) return;
  }
  const Segment joined = make_segment(kSlotsMin, depth);
  for (std::size_t at = first; at < end;) {
    const std::size_t next = at + span_of(at);
    free_segment(directory_[at]);
    at = next;
  }
  std::fill(directory_.begin() + static_cast<std::ptrdiff_t>(first),
            directory_.begin() + static_cast<std::ptrdiff_t>(end), joined);
}

// --- growing ---------------------------------------------------------------------------------------------------------

void KeyTable::make_room(std::size_t index) {
  const std::size_t depth_max = std::bit_width(size_ / kEntriesPerIndexMin);
  if (directory_[index].mask + 1 < kSlotsMax || directory_[index].depth >= depth_max) {
    widen(index);
  } else {
    split(index);
  }
}

void KeyTable::widen(std::size_t index) {
  const Segment narrow = directory_[index];
  const Segment wide = make_segment(2 * (narrow.mask + 1), narrow.depth);
  for (std::uint32_t at = 0; at <= narrow.mask; ++at) {
    if (narrow.slots[at] != 0) put(wide, narrow.slots[at]);
  }
  const std::size_t first = first_of(index);
  const std::size_t end = first + span_of(index);
  for (std::size_t at = first; at < end; ++at) directory_[at] = wide;
  free_segment(narrow);
}

void KeyTable::split(std::size_t index) {
  if (directory_[index].depth == depth_) {
    std::vector<Segment> twice;
    twice.reserve(2 * directory_.size());
    for (const Segment& segment : directory_) twice.insert(twice.end(), 2, segment);
    directory_ = std::move(twice);
    ++depth_;
    index *= 2;
  }
  const Segment whole = directory_[index];
  const std::size_t first = first_of(index);
  const std::size_t half_span = span_of(index) / 2;
  const Segment halves[2] = {make_segment(whole.mask + 1, whole.depth + 1),
                             make_segment(whole.mask + 1, whole.depth + 1)};
  for (std::uint32_t at = 0; at <= whole.mask; ++at) {
    if (whole.slots[at] == 0) continue;
    const std::uint64_t hash = hash_of_(entry_of(whole.slots[at])->key(), seed_);
    put(halves[hash << (kTableHashShift + whole.depth) >> 63], whole.slots[at]);
  }
  for (std::size_t at = 0; at < half_span; ++at) {
    directory_[first + at] = halves[0];
    directory_[first + half_span + at] = halves[1];
  }
  free_segment(whole);
}

// An empty table gives its memory back, but for one segment. A running scan starts over in its segment, the only one
// left.
void KeyTable::start_anew() noexcept {
  if (depth_ == 0) return;
  for (std::size_t index = 0; index < directory_.size();) {
    const std::size_t next = index + span_of(index);
    if (index != 0) free_segment(directory_[index]);
    index = next;
  }
  directory_.resize(1);
  directory_.shrink_to_fit();
  directory_[0].depth = 0;
  depth_ = 0;
}

}  // namespace p2p::diststore
