// Which calls are due? A timing wheel with one slot per tick: adding and removing a call takes constant time and
// allocates nothing. A call comes due up to one tick late, never early. One thread.
#pragma once

#include "engine/call.h"

#include <p2p/units.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace p2p::client {

// Fine enough not to matter with deadlines of seconds, and coarse enough that a busy client rarely wakes for it.
inline constexpr Duration kTick = std::chrono::milliseconds(5);
// About the longest usual deadline; a later one is skipped once per turn of the wheel.
inline constexpr std::size_t kSlots = 1024;

class TimingWheel final {
 public:
  explicit TimingWheel(TimePoint now) noexcept : epoch_(now) {}

  // The call must be in no wheel. Due at the first tick not before `at`.
  void add(Call& call, TimePoint at) noexcept;
  void remove(Call& call) noexcept;  // nothing when it is not in the wheel
  bool is_empty() const noexcept { return count_ == 0; }
  TimePoint next_tick() const noexcept { return epoch_ + kTick * static_cast<std::int64_t>(tick_ + 1); }

  // Removes and returns the next call that is due by `now`, nullptr when there is none. Any call may be added or
  // removed between two of these.
  Call* take_due(TimePoint now) noexcept;
  // Removes and returns any call; nullptr when the wheel is empty.
  Call* take_any() noexcept;

 private:
  struct List {
    Call* first = nullptr;
  };
  void link(List& list, Call& call) noexcept;
  void unlink(Call& call) noexcept;
  void gather(std::uint64_t tick) noexcept;
  List& list_of(const Call& call) noexcept;

  const TimePoint epoch_;
  std::uint64_t tick_ = 0;  // all ticks up to here are gathered
  std::size_t count_ = 0;
  std::array<List, kSlots> slots_{};
  List due_;  // gathered, not taken
};

}  // namespace p2p::client
