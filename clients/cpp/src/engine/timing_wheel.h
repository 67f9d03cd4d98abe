// Whose time is over? A wheel of slots, one a tick: to add and to remove a call costs the same however many there are,
// and allocates nothing. What is due is told up to one tick late, never early. One thread.
#pragma once

#include "engine/call.h"

#include <p2p/units.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace p2p::client {

// Fine enough that nobody feels it beside deadlines of seconds, and coarse enough that a busy client wakes for it
// rarely.
inline constexpr Duration kTick = std::chrono::milliseconds(5);
// About the longest usual deadline; a later one is passed over once a turn of the wheel.
inline constexpr std::size_t kSlots = 1024;

class TimingWheel final {
 public:
  explicit TimingWheel(TimePoint now) noexcept : epoch_(now) {}

  // The call is in no wheel. Due at the first tick that is not before `at`.
  void add(Call& call, TimePoint at) noexcept;
  void remove(Call& call) noexcept;  // nothing when it is not in the wheel
  bool is_empty() const noexcept { return count_ == 0; }
  TimePoint next_tick() const noexcept { return epoch_ + kTick * static_cast<std::int64_t>(tick_ + 1); }

  // Takes out one call after the other whose time has come by `now`, nullptr when there is none. Between two of these
  // any call may be added and removed.
  Call* take_due(TimePoint now) noexcept;
  // Any call of the wheel, taken out; nullptr when it is empty.
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
  std::uint64_t tick_ = 0;  // up to here all is gathered
  std::size_t count_ = 0;
  std::array<List, kSlots> slots_{};
  List due_;  // gathered, not taken
};

}  // namespace p2p::client
