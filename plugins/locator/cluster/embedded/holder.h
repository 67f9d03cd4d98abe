// Does this node hold its lease (L1, L3)? Grants count from the moment at which they were asked for, by its own clock.
#pragma once

#include "cluster/embedded/lease_rules.h"
#include "cluster/map/cluster_map.h"

#include <p2p/units.h>

#include <unordered_map>

namespace p2p::cluster {

class LeaseHolder final {
 public:
  explicit LeaseHolder(const LeaseRules& rules) : rules_(rules) {}

  void note_granted(const NodeId& voter, TimePoint sent_at);

  // Until when a majority of the map's voters have promised; what a voter granted under an older epoch counts too (L3).
  TimePoint held_until(const ClusterMap& map) const;

 private:
  LeaseRules rules_;
  std::unordered_map<NodeId, TimePoint>
      granted_until_;  // by voter; forgets those that are voters no more with the next map
};

}  // namespace p2p::cluster
