// Is the node really alive? Its heartbeat is one round through the control thread and every I/O loop: it shows
// the watchdog that each of them still runs. If one hangs, the heartbeats stop, and the manager restarts the node.
#pragma once

#include "serving/loop.h"
#include "systemd/service_manager.h"

#include <p2p/units.h>

#include <memory>
#include <vector>

namespace p2p::host {

class Heartbeat final {
 public:
  // Both outlive every loop's last turn. Does nothing without a watchdog.
  Heartbeat(const ServiceManager& manager, std::vector<std::unique_ptr<Loop>>& loops);

  // Begins a round if one is due at `now`: each loop takes its turn, and the last one sends the message. No round
  // begins before every loop has answered the last. Call it whenever the control thread gets there. [control]
  void turn(TimePoint now);

  // When turn() must be called next; far in the future without a watchdog. [control]
  TimePoint due() const noexcept { return due_; }

 private:
  struct Round;

  const ServiceManager& manager_;
  std::vector<std::unique_ptr<Loop>>& loops_;
  std::shared_ptr<Round> round_;  // the latest one; shared with the loops
  TimePoint due_;
};

}  // namespace p2p::host
