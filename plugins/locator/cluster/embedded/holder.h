// Does this node hold its lease (L1, L3)? And until when is its map known to have been the newest (decision 40)? Grants
// count from the moment at which they were asked for, by its own clock.
#pragma once

#include "cluster/lease_rules.h"
#include "cluster/map/cluster_map.h"

#include <p2p/units.h>

#include <unordered_map>

namespace p2p::cluster {

class LeaseHolder final {
 public:
  explicit LeaseHolder(const LeaseRules& rules) : rules_(rules) {}

  void note_granted(const NodeId& voter, TimePoint sent_at, bool is_settled);

  // Until when a majority of the map's voters have promised; what a voter granted under an older epoch counts too (L3).
  TimePoint held_until(const ClusterMap& map) const;

  // No map after `map`, which is the newest that this node knows, had been decided at that moment: a majority of its
  // voters had accepted none later than that. What a voter said under an older epoch counts too, as it had not even
  // seen `map` then, and accepts changes of what it knows alone (A1). TimePoint::min(): that is not known.
  TimePoint newest_at(const ClusterMap& map) const;

 private:
  using ByVoter = std::unordered_map<NodeId, TimePoint>;  // those that are voters no more do no harm

  static TimePoint reached_by_majority(const ClusterMap& map, const ByVoter& times);

  LeaseRules rules_;
  ByVoter granted_until_;
  ByVoter settled_at_;
};

}  // namespace p2p::cluster
