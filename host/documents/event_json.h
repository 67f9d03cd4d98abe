// What has happened in an agreed cluster, as JSON and in words? The same for p2pctl and over HTTP. Pure.
#pragma once

#include <cluster_view_types.h>

#include <nlohmann/json.hpp>

#include <string>

namespace p2p::documents {

std::string event_kind_text(cluster_view::EventKind::type kind);  // "primaries_moved"
std::string event_sentence(const cluster_view::Event& event);     // "127.0.0.1:9901 is down"
nlohmann::json event_json(const cluster_view::Event& event);

}  // namespace p2p::documents
