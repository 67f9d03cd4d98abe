// How long may services take to be ready? Time spent waiting for other nodes is no fault of this node, and is counted
// separately. Pure: takes the time as an argument.
#pragma once

#include <p2p/units.h>

namespace p2p::host {

// A wait for other nodes is reported to operators when it has lasted this long, and then once per period, to a service
// manager that would lose patience.
inline constexpr Duration kTellWaitAfter = std::chrono::seconds(1);
inline constexpr Duration kTellWaitPeriod = std::chrono::seconds(10);

class StartClock final {
 public:
  // `network_timeout` zero: no limit.
  StartClock(Duration start_timeout, Duration network_timeout, TimePoint now)
      : start_timeout_(start_timeout), network_timeout_(network_timeout), seen_(now) {}

  // Time has passed until `now`; `waits`: spent waiting for other nodes.
  void pass(TimePoint now, bool waits) noexcept {
    (waits ? waited_ : started_) += now - seen_;
    seen_ = now;
  }

  bool start_is_over() const noexcept { return started_ >= start_timeout_; }
  bool network_is_over() const noexcept { return network_timeout_ != Duration::zero() && waited_ >= network_timeout_; }
  Duration waited() const noexcept { return waited_; }

  // True once each time that the wait is due to be reported.
  bool take_telling() noexcept {
    if (waited_ < tell_at_) return false;
    tell_at_ = waited_ + kTellWaitPeriod;
    return true;
  }

 private:
  const Duration start_timeout_;
  const Duration network_timeout_;
  TimePoint seen_;
  Duration started_{};
  Duration waited_{};
  Duration tell_at_ = kTellWaitAfter;
};

}  // namespace p2p::host
