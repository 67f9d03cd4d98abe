// Is a node known to be unreachable, and when is it worth another try? Back-off with jitter: each failed try doubles
// the pause, up to half a second, less a random part, so that many nodes do not connect at once when one comes back.
// Pure.
#pragma once

#include <p2p/result.h>
#include <p2p/units.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

namespace p2p::host {

// The pause after the first failed try; it doubles with each further one. A little longer than a service usually waits
// before it retries (20 ms).
inline constexpr Duration kReconnectPauseMin = std::chrono::milliseconds(50);
// Well below the second within which the locator's failed connects count, so that each of those is a try of its own.
inline constexpr Duration kReconnectPauseMax = std::chrono::milliseconds(500);

// How long a failed try counts while the next one is under way: the longest pause plus a try that takes the default of
// [host] connect_timeout. A call after a longer silence waits for the try instead.
inline constexpr Duration kOutageMemory = std::chrono::seconds(2);

class Outage final {
 public:
  explicit Outage(std::uint64_t seed) : random_(static_cast<std::uint_fast32_t>(seed ^ (seed >> 32))) {}

  // A try has failed, with this error.
  void begins(Error error, TimePoint now) {
    error.text += " (known for a moment, and not tried anew for each call)";
    error_ = std::move(error);
    // Calls that end with this error were not sent, and made no connect of their own. A protocol error stays one.
    if (error_.kind != ErrorKind::protocol) error_.kind = ErrorKind::unreachable;
    const bool is_new = pause_ == Duration::zero() || now - failed_at_ > kOutageMemory;
    pause_ = is_new ? kReconnectPauseMin : std::min(2 * pause_, kReconnectPauseMax);
    failed_at_ = now;
    until_ = now + pause_ - pause_ * (random_() % 50) / 100;
  }

  void is_over() noexcept { pause_ = Duration::zero(); }

  // Calls fail with error() at once. `is_trying`: a try is under way; otherwise the caller begins one.
  bool lasts(TimePoint now, bool is_trying) const noexcept {
    if (pause_ == Duration::zero()) return false;
    return is_trying ? now - failed_at_ < kOutageMemory : now < until_;
  }

  // For calls that are not tried; the text is the last try's.
  const Error& error() const noexcept { return error_; }

 private:
  std::minstd_rand random_;
  Error error_;
  TimePoint failed_at_{};
  TimePoint until_{};
  Duration pause_{};  // zero: there is no outage
};

}  // namespace p2p::host
