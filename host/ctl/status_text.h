// How is a node's status shown to people? To programs: documents/status_json. Pure.
#pragma once

#include <Node.h>

#include <cstdint>
#include <string>

namespace p2p::ctl {

// Several lines, the last of them ended. `now_ms` since 1970.
std::string status_text(const node::NodeStatus& status, std::int64_t now_ms);

// A header, then a line for each service, and one for what is wrong with it. `now_ms` since 1970.
std::string services_text(const node::NodeStatus& status, std::int64_t now_ms);

// Ready, no service has failed (the state of refused and left-out ones, too), and no running one reports a problem. A
// disabled one is off on purpose.
bool is_healthy(const node::NodeStatus& status);

}  // namespace p2p::ctl
