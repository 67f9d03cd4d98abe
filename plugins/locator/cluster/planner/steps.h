// What is to be done next, on the way from a map to its target? A bounded number of requests for the next change, and
// of primaries to be handed over. Asked again with each map and now and then, until there is nothing to do; decides
// nothing that a voter would not check again (A5).
#pragma once

#include "cluster/map/change.h"
#include "cluster/planner/ages.h"
#include "cluster/planner/policy.h"
#include "cluster/planner/target.h"

#include <p2p/units.h>

#include <vector>

namespace p2p::cluster {

// H1: `from`, the primary, is asked to stop serving and to consent; MovePrimary is requested when it has.
struct HandOver {
  PartitionNumber partition = 0;
  Slot from = kNoSlot;
  Slot to = kNoSlot;
  friend bool operator==(const HandOver&, const HandOver&) = default;
};

struct Steps {
  std::vector<Request> requests;
  // All that are to be under way: one that is, and is not among them, is no longer wanted, and is given up if there is
  // no consent yet.
  std::vector<HandOver> hand_overs;

  bool empty() const noexcept { return requests.empty() && hand_overs.empty(); }
};

struct Situation {
  const ClusterMap& map;
  const Target& target;  // of that map
  const Ages& ages;      // the map is the last that they observed
  TimePoint now;
  const Policy& policy;
  const std::vector<HandOver>& under_way;  // that were listed before, and asked for
};

// In this order: partitions whose data is lost start empty (I9); copies are restored (I4: at once below copies_min,
// else when nobody will bring them back); members that leave, or are to hold no more, give theirs away (J3); what is
// above the wanted copies ends; copies are balanced; members that are gone are removed (J3, J4); the feature level
// rises (M7). Learners and hand-overs under way are counted against the policy's limits.
Steps next_steps(const Situation& situation);

}  // namespace p2p::cluster
