// How long may services take to be ready? Time spent waiting for other nodes is no fault of this node, and is counted
// separately. Pure: takes the time as an argument.
#pragma once

#include <p2p/units.h>

namespace p2p::host {

// A wait for other nodes is reported to operators when it has lasted this long, and then once per period to the service
// manager, which would otherwise lose patience.
inline constexpr Duration kReportWaitAfter = std::chrono::seconds(1);
inline constexpr Duration kReportWaitPeriod = std::chrono::seconds(10);

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

  bool start_timed_out() const noexcept { return started_ >= start_timeout_; }
  bool network_timed_out() const noexcept {
    return network_timeout_ != Duration::zero() && waited_ >= network_timeout_;
  }
  Duration waited() const noexcept { return waited_; }

  // True when a report is due; then false until the next one is.
  bool take_report_due() noexcept {
    if (waited_ < report_at_) return false;
    report_at_ = waited_ + kReportWaitPeriod;
    return true;
  }

 private:
  const Duration start_timeout_;
  const Duration network_timeout_;
  TimePoint seen_;
  Duration started_{};
  Duration waited_{};
  Duration report_at_ = kReportWaitAfter;
};

}  // namespace p2p::host
