// When is the ring looked at again? Replies tell the view of who answered; one that is not ours means that ours or
// theirs is old. While a change spreads, nodes that have heard of it and nodes that have not answer in turn: following
// both would be a look a call.
#pragma once

#include <p2p/units.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace p2p::client {

// A view that we have left is followed again only so long after the last look: the ring does go back to it when a node
// joins and leaves, but mostly somebody is late.
inline constexpr Duration kLeftViewPause = std::chrono::milliseconds(200);
// A view that is new to us is followed at once, but no more often than this.
inline constexpr Duration kLookPause = std::chrono::milliseconds(2);
// How many views that were left are remembered: more changes than happen while one spreads.
inline constexpr std::size_t kViewsRemembered = 8;

// Told the time; one thread.
class ViewWatch final {
 public:
  // A reply came with `told`: is the ring to be looked at?
  bool wants_look(std::uint64_t told, TimePoint now) const noexcept;

  void looked(TimePoint now) noexcept { last_look_ = now; }
  void adopted(std::uint64_t view) noexcept;

 private:
  bool was_left(std::uint64_t view) const noexcept;

  bool is_known_ = false;
  std::uint64_t current_ = 0;
  std::array<std::uint64_t, kViewsRemembered> left_{};
  std::size_t left_count_ = 0;  // ever
  TimePoint last_look_{};
};

}  // namespace p2p::client
