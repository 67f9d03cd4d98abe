// What has this machine denied its own node: descriptors, ports, memory, name resolution, its network? Logged once a
// minute, counted, and shown in `status`; never counts against another node.
#pragma once

#include <p2p/log.h>
#include <p2p/repeated_warnings.h>
#include <p2p/units.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace p2p::host {

// Every method: [any thread].
class OwnFailures final {
 public:
  explicit OwnFailures(Logger& log) : log_(log) {}

  // `what` was attempted, and `why` it failed: "connect to n2:9900", "Too many open files".
  void note(const std::string& what, const std::string& why, TimePoint now) {
    if (const auto unsaid = warnings_.due(why, now)) {
      log_.warn(
          "this node could not {}: {} ({} more such failures since the last such line; other nodes are not to blame)",
          what, why, *unsaid);
    }
    const std::lock_guard hold(mutex_);
    ++seen_.count;
    seen_.last = "could not " + what + ": " + why;
    seen_.last_at_ms =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()).time_since_epoch().count();
  }

  struct Seen {
    std::int64_t count = 0;  // since the start
    std::string last;        // "" when there was none
    std::int64_t last_at_ms = 0;
  };
  Seen seen() const {
    const std::lock_guard hold(mutex_);
    return seen_;
  }

 private:
  Logger& log_;
  RepeatedWarnings warnings_;
  mutable std::mutex mutex_;
  Seen seen_;
};

}  // namespace p2p::host
