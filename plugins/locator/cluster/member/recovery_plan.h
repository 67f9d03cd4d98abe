// May an operator go on without a majority of the voters, and what would be lost (J5)? Pure.
#pragma once

#include "cluster/map/recover.h"

#include <p2p/result.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace p2p::cluster {

// Who has just answered the node that is to recover, and the epoch it knows.
using Answers = std::map<NodeId, Epoch>;

struct RecoveryPlan {
  Epoch epoch = 0;                  // of the map that it goes on from
  Recovery recovery;                // without its draw
  std::vector<Slot> given_up;       // voters
  std::vector<std::uint32_t> lost;  // partitions that nobody else has in sync
  friend bool operator==(const RecoveryPlan& one, const RecoveryPlan& other) {
    return one.epoch == other.epoch && one.given_up == other.given_up &&
           one.recovery.survivors == other.recovery.survivors;
  }
};

// `named`: the survivors; empty: all that have answered. Refused, with what to do instead, while there is a majority of
// the voters, or somebody knows more than this node, or a survivor has not answered, or a voter has and is not named.
Result<RecoveryPlan> plan_recovery(const ClusterMap& map, const NodeId& self, std::vector<NodeId> named,
                                   const Answers& answers);

}  // namespace p2p::cluster
