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
// Of all partitions, for a program that draws them: addresses once, in "members", and everywhere else their places
// there. "primary" and "in_sync" have one element for each partition, "learners" those that there are, by number.
nlohmann::json holders_json(const cluster_view::Partitions& told);

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
