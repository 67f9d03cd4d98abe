// May more be stored in this node's memory? `memory_max` as replication goes by it (docs/decisions/0041): what it stops
// are writes that make something larger, and copies that would come. What has been replicated is applied whatever it
// says. Told what the engine takes; no clock, and no engine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace p2p::diststore::replication {

// What a node that is full says of itself.
struct MemoryUse {
  std::uint64_t used = 0;
  std::uint64_t max = 0;

  // No room is left even for what was under way: nobody sends it what can wait.
  bool is_over() const noexcept { return used >= max; }
  friend bool operator==(const MemoryUse&, const MemoryUse&) = default;
};

// What a new key takes in the engine beside key and value, about: what was added is measured after each run.
inline constexpr std::uint64_t kEntryMemory = 64;

struct MemoryBounds {
  std::uint64_t max = 0;  // 0: no limit
  // The last part of it is for what is under way when a node says that it is full, and for copies that are being
  // filled.
  std::uint64_t headroom = 0;
};

class MemoryLimit final {
 public:
  explicit MemoryLimit(const MemoryBounds& bounds) : bounds_(bounds) {}

  bool is_set() const noexcept { return bounds_.max != 0; }

  // The engine takes so much by now. True: what this node tells its primaries (full()) is news.
  bool measure(std::uint64_t used) noexcept {
    used_ = used;
    const Fullness before = fullness_;
    fullness_ = next_fullness();
    has_refused_ = false;
    // A node that has just become able to take copies would be full again soon: also one that has given up what it was
    // being filled with.
    if (fullness_ != Fullness::room) takes_copies_ = false;
    if (is_below(std::max(2 * bounds_.headroom, bounds_.max / kFreeForCopies))) takes_copies_ = true;
    return fullness_ != before;
  }
  // The same, for what is decided before that; what this node tells stays as it is.
  void note_used(std::uint64_t used) noexcept { used_ = used; }
  // So much comes in before it is measured again.
  void add(std::uint64_t bytes) noexcept { used_ += bytes; }

  // For a write of clients that makes what is stored so much larger.
  bool has_room_for(std::uint64_t bytes) const noexcept {
    return !is_set() || used_ + bytes + bounds_.headroom <= bounds_.max;
  }
  // A write was refused for want of room here: then the node counts as full, though what it has is a little less.
  void note_refusal() noexcept { has_refused_ = true; }
  // Nothing: it is not full.
  std::optional<MemoryUse> full() const noexcept {
    return fullness_ == Fullness::room ? std::nullopt : std::optional(use());
  }
  MemoryUse use() const noexcept { return {.used = used_, .max = bounds_.max}; }
  bool takes_copies() const noexcept { return takes_copies_; }

 private:
  enum class Fullness : std::uint8_t { room, full, over };

  // A part of the headroom has to be free before a full node says that it is not any more: it would say so after each
  // erase, and the contrary after the next write.
  static constexpr std::uint64_t kFreePart = 4;
  static constexpr std::uint64_t kFreeForCopies = 8;  // of the whole

  bool is_below(std::uint64_t kept_free) const noexcept { return !is_set() || used_ + kept_free < bounds_.max; }
  Fullness next_fullness() const noexcept {
    if (!is_below(0)) return Fullness::over;
    if (!is_below(bounds_.headroom)) return Fullness::full;
    const bool is_nearly = !is_below(bounds_.headroom + bounds_.headroom / kFreePart);
    const bool was_full = has_refused_ || fullness_ != Fullness::room;
    return was_full && is_nearly ? Fullness::full : Fullness::room;
  }

  const MemoryBounds bounds_;
  std::uint64_t used_ = 0;
  Fullness fullness_ = Fullness::room;
  bool has_refused_ = false;  // since it was measured
  bool takes_copies_ = true;
};

}  // namespace p2p::diststore::replication
