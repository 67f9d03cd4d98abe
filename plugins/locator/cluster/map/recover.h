// What does a cluster map become when an operator goes on without a majority of its voters (J5)? No voter decides that:
// two maps are made by one of the survivors, the second when all of them have left the generation before. Pure.
#pragma once

#include "cluster/map/cluster_map.h"

#include <p2p/result.h>

#include <cstdint>
#include <vector>

namespace p2p::cluster {

// The epochs of a recovery are its own, and all of a later generation are higher than all of those before: whoever
// knows two epochs knows which is newer, and a term or a slot is never used twice. 10^14 epochs a generation; in it
// each recovery takes one of 10^8 places at random, so that of two which do not know of each other one is the newer,
// whatever is decided in either until they meet, as long as that is less than 10^6 changes.
inline constexpr Epoch kEpochsOfRecovery = 1'000'000;
inline constexpr std::uint64_t kRecoveriesOfGeneration = 100'000'000;
inline constexpr Epoch kEpochsOfGeneration = kEpochsOfRecovery * kRecoveriesOfGeneration;

struct Recovery {
  NodeId by;                      // a survivor, which makes both maps
  std::vector<NodeId> survivors;  // each must leave the former generation before the new one opens
  std::vector<NodeId> voters;     // of the survivors
  std::uint64_t draw = 0;         // random
  // Of a recovery that goes on: what it has given up already, and the epoch that the next one must be above.
  std::vector<NodeId> given_up = {};
  Epoch above = 0;
};

// The newest epoch that anybody acted by who knows `map`: while a recovery is under way, the one it goes on from.
Epoch acted_by(const ClusterMap& map);

// All that was decided until `epoch`, which was acted by, counts in `map`, too. False also where the map does not say:
// it tells of its own recovery and of the last epoch before that.
bool descends_from(const ClusterMap& map, Epoch epoch);

// The draw that gives another recovery of the same generation the place of `epoch`.
std::uint64_t place_of(Epoch epoch);

// The voters of `map` without whom it goes on.
std::vector<Slot> given_up(const ClusterMap& map, const std::vector<NodeId>& survivors);
// The partitions whose in-sync copies are all at these members: what only they had is lost.
std::vector<std::uint32_t> lost_with(const ClusterMap& map, const std::vector<Slot>& gone);

// The first map of the next generation: the voters that are given up are members no more, and nobody acts by it. Every
// partition has a new term, and no learners. An error says why it cannot be.
Result<ClusterMap> recovered(const ClusterMap& map, const Recovery& recovery);

// The second: the same, but for everybody to act by. `map` is one of recovered().
ClusterMap opened(const ClusterMap& map);

}  // namespace p2p::cluster
