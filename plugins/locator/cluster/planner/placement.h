// Which members hold each partition, so that all bounds are kept and as little as possible moves? An optimum, as of
// min-cost flow; knows nothing of maps.
#pragma once

#include "cluster/map/change.h"
#include "cluster/planner/shares.h"

#include <boost/container/static_vector.hpp>

#include <cstdint>
#include <vector>

namespace p2p::cluster {

using Place = std::uint16_t;  // index of a member
using Places = boost::container::static_vector<Place, kCopiesMax>;

struct Placement {
  std::uint32_t copies = 0;         // of each partition
  std::vector<Bounds> members;      // how many each gets, all in all
  std::vector<std::uint16_t> zone;  // of each member
  std::vector<Bounds> zones;        // how many of one partition each gets
  // By partition: those that have a copy cost nothing; of them, the first are kept rather than the last.
  std::vector<Places> kept;
  // By partition: who else may get one, at the cost of 1. Empty: everybody.
  std::vector<Places> others;
};

// Places for each partition at the least cost. The bounds must allow a placement; where they do not, members get as few
// more than their bounds as is needed, or partitions have fewer places.
std::vector<Places> place(const Placement& wanted);

}  // namespace p2p::cluster
