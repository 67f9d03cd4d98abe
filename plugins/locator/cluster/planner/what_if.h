// What would move if a change were made? For an operator who asks before (`plan`): the copies and primaries that the
// planner then moves, one by one, if nothing else happens meanwhile.
#pragma once

#include "cluster/map/apply.h"
#include "cluster/planner/target.h"

#include <p2p/result.h>

#include <vector>

namespace p2p::cluster {

struct Move {
  PartitionNumber partition = 0;
  NodeId from;  // empty: nobody gives it away, the partition gets a copy more
  NodeId to;    // empty: a copy ends, and nobody gets one in its place
  friend bool operator==(const Move&, const Move&) = default;
};

struct Forecast {
  std::vector<Move> copies;     // by partition
  std::vector<Move> primaries;  // by partition
};

// A join with a zone and a weight, a leave, another weight or zone: any change that the map allows.
Result<Forecast> what_if(const ClusterMap& map, const Change& change);

// What is still to be moved now.
Forecast forecast(const ClusterMap& map);

}  // namespace p2p::cluster
