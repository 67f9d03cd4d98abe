// Is a node known to be out of reach, and when is it worth another try? Each failed try makes the next one wait longer,
// up to half a second, by a random part less, so that many nodes do not knock at the same moment when one comes back.
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

// The pause after the first failed try; it doubles with each further one. The least: as long as a service usually waits
// before it asks again (20 ms), and a little more.
inline constexpr Duration kReconnectPauseMin = std::chrono::milliseconds(50);
// Well below the second within which the locator's failed connects count, so that they stay tries of their own.
inline constexpr Duration kReconnectPauseMax = std::chrono::milliseconds(500);

// For how long a failed try speaks for the next one too, while that is under way: the longest pause, and a try that
// ends with the default of [host] connect_timeout. Who asks after a long silence waits for the try instead.
inline constexpr Duration kOutageMemory = std::chrono::seconds(2);

class Outage final {
 public:
  explicit Outage(std::uint64_t seed) : random_(static_cast<std::uint_fast32_t>(seed ^ (seed >> 32))) {}

  // A try has failed, with this error.
  void begins(Error error, TimePoint now) {
    error.text += " (known for a moment, and not tried anew for each call)";
    error_ = std::move(error);
    // No connect has failed for the calls that end with it, and none of them was sent. A node that speaks otherwise
    // stays one.
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

  // For calls that are not tried: the words are those of the last try.
  const Error& error() const noexcept { return error_; }

 private:
  std::minstd_rand random_;
  Error error_;
  TimePoint failed_at_{};
  TimePoint until_{};
  Duration pause_{};  // zero: there is no outage
};

}  // namespace p2p::host
