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
// How many former views are remembered: more than the changes that happen while one spreads. In an agreed cluster that
// moves partitions there may be fifty a second.
inline constexpr std::size_t kViewsRemembered = 32;
// A node that tells an older epoch is late, or cut off from the others; after this long without a newer one, the
// network may have begun anew.
inline constexpr Duration kOlderEpochPause = std::chrono::seconds(5);

// Told the time; one thread.
class ViewWatch final {
 public:
  // A reply carried view `told`: should the ring be fetched?
  bool wants_refresh(std::uint64_t told, TimePoint now) const noexcept;

  // A ring of `epoch` (0: it has none) was told: is it to be ignored, being older than the one that was adopted last?
  bool is_behind(std::uint64_t epoch, TimePoint now) const noexcept {
    return epoch < epoch_ && now - adopted_at_ < kOlderEpochPause;
  }

  void refreshed(TimePoint now) noexcept { last_refresh_ = now; }
  void adopted(std::uint64_t view, std::uint64_t epoch, TimePoint now) noexcept;

 private:
  bool was_left(std::uint64_t view) const noexcept;

  bool is_known_ = false;
  std::uint64_t current_ = 0;
  std::array<std::uint64_t, kViewsRemembered> left_{};
  std::size_t left_count_ = 0;  // ever
  TimePoint last_refresh_{};
  std::uint64_t epoch_ = 0;
  TimePoint adopted_at_{};
};

}  // namespace p2p::client
