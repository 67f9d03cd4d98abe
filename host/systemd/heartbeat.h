// Does the node really live? Its heartbeat is one round through the control thread and every I/O loop: a watchdog that
// hears it knows that each of them still turns. Where one hangs, the rounds end, and the manager restarts the node.
#pragma once

#include "serving/loop.h"
#include "systemd/service_manager.h"

#include <p2p/units.h>

#include <memory>
#include <vector>

namespace p2p::host {

class Heartbeat final {
 public:
  // Both outlive every loop's last turn. Without a watchdog nothing ever happens.
  Heartbeat(const ServiceManager& manager, std::vector<std::unique_ptr<Loop>>& loops);

  // Begins a round when one is due at `now`: each loop takes its turn, and the last one sends the message. While a loop
  // has not answered yet, no further round begins. Call it whenever the control thread comes by. [control]
  void turn(TimePoint now);

  // When turn() has to be called next; far away without a watchdog. [control]
  TimePoint due() const noexcept { return due_; }

 private:
  struct Round;

  const ServiceManager& manager_;
  std::vector<std::unique_ptr<Loop>>& loops_;
  std::shared_ptr<Round> round_;  // the latest one; shared with the loops
  TimePoint due_;
};

}  // namespace p2p::host
