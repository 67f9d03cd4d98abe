// How does a node's status read, to a person and to a program? Pure.
#pragma once

#include <Node.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace p2p::ctl {

// Several lines, the last of them ended. `now_ms` since 1970.
std::string status_text(const node::NodeStatus& status, std::int64_t now_ms);

// A line for each service under a head line, and one for what is wrong with it. `now_ms` since 1970.
std::string services_text(const node::NodeStatus& status, std::int64_t now_ms);

nlohmann::json status_json(const node::NodeStatus& status);

// Ready, none of the services has failed (which is the state of those that were refused or left out, too), and none of
// those that run complains. A disabled one is so on purpose.
bool is_healthy(const node::NodeStatus& status);

}  // namespace p2p::ctl
