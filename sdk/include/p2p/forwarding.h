// What rules apply to services that forward calls to other nodes, besides Call::forward()?
#pragma once

#include <p2p/node_address.h>
#include <p2p/units.h>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <unordered_map>

namespace p2p {

// Subtracted from a call's deadline, so that a service's own answer, which says more, arrives before the host's.
inline constexpr Duration kAnswerMargin = std::chrono::milliseconds(50);

// Many calls fail with one failed connect; the locator gets one report per member in this time. Three of them, enough
// to remove a member, still come well within its second.
inline constexpr Duration kReportPause = std::chrono::milliseconds(100);

// Members that were reported long ago need no entry; the table is cleared when it reaches this size.
inline constexpr std::size_t kReportedMax = 1'000;

// When is ILocator::report_unreachable() due? Told the time. [any thread]
class UnreachableReports final {
 public:
  // A connect to `member` was refused: should it be reported to the locator now?
  [[nodiscard]] bool is_due(const NodeAddress& member, TimePoint now) {
    const std::lock_guard hold(mutex_);
    if (reported_.size() >= kReportedMax) reported_.clear();
    TimePoint& last = reported_[member];
    if (last != TimePoint{} && now - last < kReportPause) return false;
    last = now;
    return true;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<NodeAddress, TimePoint> reported_;
};

}  // namespace p2p
