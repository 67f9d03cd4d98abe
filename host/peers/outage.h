// Is a node known to be unreachable, and when is it worth another try? Back-off with jitter: each failed try doubles
// the pause, up to half a second, less a random part, so that many nodes do not connect at once when one comes back.
// Pure.
#pragma once

#include "net/back_off.h"

#include <p2p/result.h>
#include <p2p/units.h>

#include <cstdint>
#include <random>
#include <utility>

namespace p2p::host {

// The first pause is a little longer than a service usually waits before it retries (20 ms). The longest is well below
// the second within which the locator's failed connects count, so that each of those is a try of its own.
inline constexpr net::BackOff kReconnectPause{.first = std::chrono::milliseconds(50),
                                              .max = std::chrono::milliseconds(500)};

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
    failures_ = now - failed_at_ > kOutageMemory ? 1 : failures_ + 1;
    failed_at_ = now;
    until_ = now + net::with_jitter(kReconnectPause.after(failures_), random_);
  }

  void is_over() noexcept { failures_ = 0; }

  // Calls fail with error() at once. `is_trying`: a try is under way; otherwise the caller begins one.
  bool lasts(TimePoint now, bool is_trying) const noexcept {
    if (failures_ == 0) return false;
    return is_trying ? now - failed_at_ < kOutageMemory : now < until_;
  }

  // For calls that are not tried; the text is the last try's.
  const Error& error() const noexcept { return error_; }

 private:
  std::minstd_rand random_;
  Error error_;
  TimePoint failed_at_{};
  TimePoint until_{};
  std::uint32_t failures_ = 0;  // in a row; zero: there is no outage
};

}  // namespace p2p::host
