// What is due? A timing wheel with one slot per tick: for deadlines that come in any order, as those that callers
// choose. Adding and removing one takes constant time and allocates nothing; it comes due up to one tick late, never
// early.
#pragma once

#include <p2p/units.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace p2p::net {

// One thread.
class DeadlineWheel final {
 public:
  // Fine enough not to matter with deadlines of seconds, and coarse enough that a busy thread rarely wakes for it.
  static constexpr Duration kTick = std::chrono::milliseconds(5);
  // About the longest usual deadline; a later one is skipped once per turn of the wheel.
  static constexpr std::size_t kSlots = 1024;

  // What has a deadline derives from it, and stays where it is while it is in a wheel.
  class Entry {
    friend class DeadlineWheel;
    Entry* next_ = nullptr;
    Entry* previous_ = nullptr;
    std::uint64_t due_tick_ = 0;
  };

  explicit DeadlineWheel(TimePoint now) noexcept : epoch_(now) {}

  // The entry must be in no wheel. Due at the first tick not before `at`.
  void add(Entry& entry, TimePoint at) noexcept;
  void remove(Entry& entry) noexcept;  // nothing when it is not in the wheel
  bool is_empty() const noexcept { return count_ == 0; }
  TimePoint next_tick() const noexcept { return epoch_ + kTick * static_cast<std::int64_t>(tick_ + 1); }

  // Removes and returns the next entry that is due by `now`, nullptr when there is none. Any entry may be added or
  // removed between two of these.
  Entry* take_due(TimePoint now) noexcept;
  // Removes and returns any entry; nullptr when the wheel is empty.
  Entry* take_any() noexcept;

 private:
  struct List {
    Entry* first = nullptr;
  };
  void link(List& list, Entry& entry) noexcept;
  void unlink(Entry& entry) noexcept;
  void gather(std::uint64_t tick) noexcept;
  List& list_of(const Entry& entry) noexcept;

  const TimePoint epoch_;
  std::uint64_t tick_ = 0;  // all ticks up to here are gathered
  std::size_t count_ = 0;
  std::array<List, kSlots> slots_{};
  List due_;  // gathered, not taken
};

}  // namespace p2p::net
