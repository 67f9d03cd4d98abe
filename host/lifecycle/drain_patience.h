// How long may a drain go on? As long as it makes progress, up to a limit. Pure: takes the time and the progress as
// arguments.
#pragma once

#include <p2p/units.h>

#include <cstdint>
#include <string>

namespace p2p::host {

class DrainPatience final {
 public:
  enum class Verdict : std::uint8_t { goes_on, stuck, too_long };

  // `without_progress`: [host] drain_timeout, `in_all`: [host] drain_limit.
  DrainPatience(TimePoint begin, Duration without_progress, Duration in_all)
      : without_progress_(without_progress), in_all_(in_all), ends_at_(begin + in_all), moved_at_(begin) {}

  // `steps` counts progress; it never falls.
  Verdict look(TimePoint now, std::uint64_t steps) {
    if (steps != steps_) {
      steps_ = steps;
      moved_at_ = now;
    }
    if (now >= ends_at_) return verdict_ = Verdict::too_long;
    return verdict_ = now - moved_at_ >= without_progress_ ? Verdict::stuck : Verdict::goes_on;
  }

  // Why the drain was given up at the last look(); for the log.
  std::string why_given_up() const {
    if (verdict_ == Verdict::too_long) return "has not drained within [host] drain_limit = " + format_duration(in_all_);
    return "has not drained, and got no further for [host] drain_timeout = " + format_duration(without_progress_);
  }

 private:
  const Duration without_progress_;
  const Duration in_all_;
  const TimePoint ends_at_;
  TimePoint moved_at_;
  std::uint64_t steps_ = 0;
  Verdict verdict_ = Verdict::goes_on;
};

}  // namespace p2p::host
