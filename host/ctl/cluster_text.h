// How does p2pctl show an agreed cluster: what one node knows of it, and what is the same everywhere?
#pragma once

#include <cluster_view_types.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace p2p::ctl {

// --- members, map ----------------------------------------------------------------------------------------------------

// Several lines, the last of them ended. `now_ms` since 1970.
std::string members_text(const cluster_view::State& state, std::int64_t now_ms);

std::string map_text(const cluster_view::State& state);
std::string partitions_text(const std::vector<cluster_view::Partition>& partitions);

// --- plan ------------------------------------------------------------------------------------------------------------

std::string plan_text(const cluster_view::Plan& plan);
nlohmann::json plan_json(const cluster_view::Plan& plan);

// --- watch -----------------------------------------------------------------------------------------------------------

std::string event_text(const cluster_view::Event& event);  // without an end of line

// "2026-11-30 00:59:12.345", in UTC. `at_ms` since 1970.
std::string utc_text(std::int64_t at_ms);

}  // namespace p2p::ctl
