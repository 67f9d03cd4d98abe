#include "rules/view_watch.h"

#include <algorithm>

namespace p2p::client {

bool ViewWatch::was_left(std::uint64_t view) const noexcept {
  const auto end = left_.begin() + static_cast<std::ptrdiff_t>(std::min(left_count_, kViewsRemembered));
  return std::find(left_.begin(), end, view) != end;
}

bool ViewWatch::wants_refresh(std::uint64_t told, TimePoint now) const noexcept {
  if (is_known_ && told == current_) return false;
  return now - last_refresh_ >= (was_left(told) ? kLeftViewPause : kRefreshPause);
}

void ViewWatch::adopted(std::uint64_t view, std::uint64_t epoch, TimePoint now) noexcept {
  epoch_ = epoch;
  adopted_at_ = now;
  if (is_known_ && view == current_) return;
  if (is_known_) left_[left_count_++ % kViewsRemembered] = current_;
  is_known_ = true;
  current_ = view;
}

}  // namespace p2p::client
