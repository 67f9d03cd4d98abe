// What does a node say of itself? Gathers the answer to `status` from the parts that know.
#pragma once

#include "lifecycle/running_service.h"
#include "peers/peer_identity.h"
#include "runtime/node_core.h"

#include <Node.h>

#include <memory>
#include <vector>

namespace p2p::host {

enum class NodeState : std::uint8_t { starting, ready, draining };

// Disabled services of the configuration are listed too. [any thread], while `services` does not change.
node::NodeStatus node_status(const HostConfig& config, const NodeCore& core,
                             const std::vector<std::unique_ptr<RunningService>>& services, NodeState state,
                             std::int64_t started_at_us, const PeerIdentity& identity);

}  // namespace p2p::host
