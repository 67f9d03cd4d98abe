// What does a new cluster map mean to those who watch the ring? Pure.
#pragma once

#include "cluster/map/cluster_map.h"
#include "membership/membership.h"

#include <vector>

namespace p2p::agreed {

// What has changed for everybody but `self` from `before` (null: nothing was known) to `after`, in order of slots; at
// least one change, which may be of ownership alone. Without views.
std::vector<membership::MembershipChange> member_changes(const cluster::ClusterMap* before,
                                                         const cluster::ClusterMap& after, const cluster::NodeId& self);

// The members on the ring: up, and not leaving; sorted by name.
std::vector<NodeAddress> ring_members(const cluster::ClusterMap& map);

}  // namespace p2p::agreed
