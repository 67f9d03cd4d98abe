// How long may services take until they are ready? The time in which one waits for other nodes is nobody's fault here,
// and is counted for itself. Pure: told the time.
#pragma once

#include <p2p/units.h>

namespace p2p::host {

// A wait for other nodes is told to operators when it has lasted this long, and again, to a service manager that would
// lose its patience, each time that this much has passed.
inline constexpr Duration kTellWaitAfter = std::chrono::seconds(1);
inline constexpr Duration kTellWaitPeriod = std::chrono::seconds(10);

class StartClock final {
 public:
  // `network_timeout` zero: no limit.
  StartClock(Duration start_timeout, Duration network_timeout, TimePoint now)
      : start_timeout_(start_timeout), network_timeout_(network_timeout), seen_(now) {}

  // The time until `now` has passed; `waits`: for other nodes.
  void pass(TimePoint now, bool waits) noexcept {
    (waits ? waited_ : started_) += now - seen_;
    seen_ = now;
  }

  bool start_is_over() const noexcept { return started_ >= start_timeout_; }
  bool network_is_over() const noexcept { return network_timeout_ != Duration::zero() && waited_ >= network_timeout_; }
  Duration waited() const noexcept { return waited_; }

  // True once each time that the wait is to be told.
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
