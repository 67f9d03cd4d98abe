// What may an operator ask of the cluster, and what does that wait for? Pure.
#pragma once

#include "cluster/map/change.h"

#include <p2p/result.h>

#include <string>

namespace p2p::agreed {

// The removal of a member that is down. An error says why not.
Result<cluster::Request> removal(const cluster::ClusterMap& map, cluster::Slot member);
Result<cluster::Request> change_of_weight(const cluster::ClusterMap& map, cluster::Slot member, std::int64_t weight);

// Why the member is one still, in words.
std::string removal_waits_for(const cluster::ClusterMap& map, const cluster::NodeId& member);

}  // namespace p2p::agreed
