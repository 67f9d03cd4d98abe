// When is a repeating warning logged again? Once a minute at most, with the number of suppressed ones. For warnings
// that others can trigger as often as they like: one object for each kind of warning, whose `about` tells its subjects
// apart ("" where there is only one). Told the time.
//
//   if (const auto unsaid = warnings_.due(to_.name(), now))
//     log_.warn("{} ... ({} more since the last such line)", to_.name(), *unsaid);
#pragma once

#include <p2p/units.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace p2p {

inline constexpr Duration kRepeatedWarningPause = std::chrono::minutes(1);

// Subjects that one kind of warning tells apart at a time. Those quiet for a minute make room; while all have warned
// within the last minute, further ones count as "".
inline constexpr std::size_t kWarnedOfMax = 256;

// Every method: [any thread].
class RepeatedWarnings final {
 public:
  // Counts one occurrence. When a line is due: how many were suppressed since the last one about this; nullopt: log
  // nothing.
  std::optional<std::uint64_t> due(std::string_view about, TimePoint now) {
    const std::lock_guard hold(mutex_);
    Warned& warned = place_of(about, now);
    if (now < warned.next) {
      ++warned.unsaid;
      return std::nullopt;
    }
    warned.next = now + kRepeatedWarningPause;
    return std::exchange(warned.unsaid, 0);
  }

 private:
  struct Warned {
    TimePoint next = TimePoint::min();
    std::uint64_t unsaid = 0;
  };

  Warned& place_of(std::string_view about, TimePoint now) {
    const auto known = warned_.find(about);
    if (known != warned_.end()) return known->second;
    if (warned_.size() >= kWarnedOfMax) {
      std::erase_if(warned_, [now](const auto& entry) { return entry.second.next <= now; });
    }
    return warned_[warned_.size() < kWarnedOfMax ? std::string(about) : std::string()];
  }

  std::mutex mutex_;
  std::map<std::string, Warned, std::less<>> warned_;
};

}  // namespace p2p
