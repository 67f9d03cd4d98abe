// Where should the copies and primaries of a cluster map be? Balanced by weight, spread over zones (shares.h), at the
// least possible distance from where they are. A pure function of the map; how to get there is steps.h.
#pragma once

#include "cluster/map/change.h"
#include "cluster/planner/shares.h"

#include <boost/container/static_vector.hpp>

#include <vector>

namespace p2p::cluster {

using Slots = boost::container::static_vector<Slot, kCopiesMax>;

struct Target {
  // By partition, the members that are to hold it, in the order of slots: as many as the map wants copies, or as there
  // are members to hold any. Empty: there is none, and everything stays where it is.
  std::vector<Slots> copies;
  std::vector<Slot> primaries;  // by partition: one of its copies; kNoSlot where there is none

  bool has(PartitionNumber partition, Slot node) const;
};

// In-sync copies and learners count as copies that are there, but for those at members that are to hold none. As few
// copies as possible are added to them, and then, of the copies that are to be, as few primaries as possible moved.
Target make_target(const ClusterMap& map);

// What is left to do on the way to a target.
struct Remaining {
  std::size_t copies = 0;     // to be added
  std::size_t primaries = 0;  // to be moved
  friend bool operator==(const Remaining&, const Remaining&) = default;
};
Remaining remaining(const ClusterMap& map, const Target& target);

}  // namespace p2p::cluster
