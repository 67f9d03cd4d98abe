// What does one node know of an agreed cluster, as JSON? The same documents for p2pctl and over HTTP. Pure.
#pragma once

#include <cluster_view_types.h>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace p2p::documents {

nlohmann::json members_json(const cluster_view::State& state);
nlohmann::json map_json(const cluster_view::State& state);
nlohmann::json partitions_json(const std::vector<cluster_view::Partition>& partitions);

std::string member_state_text(cluster_view::MemberState::type state);  // "up"
bool takes_copies(const cluster_view::Member& member);
// Of the primaries.
double share_of(const cluster_view::State& state, const cluster_view::Member& member);

// How unevenly members hold what is theirs by weight: the fullest compared with the average; 0: nobody is to hold
// anything.
struct Peaks {
  double primaries = 0;
  double copies = 0;
};
Peaks peaks_of(const cluster_view::State& state);

}  // namespace p2p::documents
