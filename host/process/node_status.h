// What does a node report about itself? Gathers the answer to `status` from the parts that know.
#pragma once

#include "lifecycle/services.h"
#include "runtime/node_core.h"

#include <Node.h>

namespace p2p::host {

enum class NodeState : std::uint8_t { starting, ready, draining };

// Services of the configuration that do not run are listed too. [any thread]
node::NodeStatus node_status(const NodeCore& core, const Services& services, NodeState state,
                             std::int64_t started_at_us);

}  // namespace p2p::host
