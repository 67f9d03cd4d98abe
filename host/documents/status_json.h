// What does a node say of itself, as JSON? The same document for p2pctl and over HTTP. Pure.
#pragma once

#include <Node.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace p2p::documents {

nlohmann::json status_json(const node::NodeStatus& status);
nlohmann::json services_json(const node::NodeStatus& status);

std::string view_text(std::int64_t view);  // 16 digits, or "none"

// One line, without its end; invalid UTF-8 is replaced.
std::string line_of(const nlohmann::json& document);

}  // namespace p2p::documents
