// How do calls of a service that is sharded by its configuration reach the owners of their keys? Keys are found in the
// encoded message, owners are looked up in the node's locator, and the message is forwarded as it came. A node that
// gets a forwarded call answers or disagrees, and never forwards it (kHopsMax), so diverging views make no loop.
#pragma once

#include "peers/peer_identity.h"
#include "retry/forwarder.h"
#include "routing/route.h"
#include "serving/service_router.h"

#include <p2p/log.h>
#include <p2p/repeated_warnings.h>

#include <memory>
#include <string>
#include <vector>

namespace p2p::host {

class CallRouting final : public RouteKeeper {
 public:
  // All arguments outlive it.
  CallRouting(std::vector<std::unique_ptr<Loop>>& loops, const PeerIdentity& identity, Logger& log);

  bool takes(PendingCall& pending, const Route& route) override;  // [own loop of the call]

  // Calls that wait or fail from now on end at once, unlogged. Returns when all loops have done so. [control]
  void shut_down();

 private:
  void report_unreachable(const NodeAddress& member);
  void log_failure(const CallInfo& call, const std::string& why);

  const PeerIdentity& identity_;
  Logger& log_;
  std::vector<std::unique_ptr<Loop>>& loops_;
  // By loop: each call waits on its own loop.
  std::vector<std::shared_ptr<retry::Forwarder>> forwarders_;
  RepeatedWarnings failures_;
};

}  // namespace p2p::host
