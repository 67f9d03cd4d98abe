// When is the ring fetched again? Replies carry the view of the node that answered; if it differs from ours, one of the
// two is old. While a change spreads, nodes that know it and nodes that do not answer in turn: following both would
// cost a fetch for every call.
#pragma once

#include <p2p/units.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace p2p::client {

// A view that we have left is followed again only this long after the last fetch: the ring does return to it when a
// node joins and leaves, but mostly some node is late.
inline constexpr Duration kLeftViewPause = std::chrono::milliseconds(200);
// A view that is new to us is followed at once, but no more often than this.
inline constexpr Duration kRefreshPause = std::chrono::milliseconds(2);
// How many former views are remembered: more than the changes that happen while one spreads.
inline constexpr std::size_t kViewsRemembered = 8;

// Told the time; one thread.
class ViewWatch final {
 public:
  // A reply carried view `told`: should the ring be fetched?
  bool wants_refresh(std::uint64_t told, TimePoint now) const noexcept;

  void refreshed(TimePoint now) noexcept { last_refresh_ = now; }
  void adopted(std::uint64_t view) noexcept;

 private:
  bool was_left(std::uint64_t view) const noexcept;

  bool is_known_ = false;
  std::uint64_t current_ = 0;
  std::array<std::uint64_t, kViewsRemembered> left_{};
  std::size_t left_count_ = 0;  // ever
  TimePoint last_refresh_{};
};

}  // namespace p2p::client
