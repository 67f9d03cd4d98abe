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
};

// The voters of `map` without whom it goes on.
std::vector<Slot> given_up(const ClusterMap& map, const std::vector<NodeId>& survivors);
// The partitions whose in-sync copies are all at these members: what only they had is lost.
std::vector<std::uint32_t> lost_with(const ClusterMap& map, const std::vector<Slot>& gone);

// The first map of the next generation: the voters that are given up are members no more, and nobody acts by it. An
// error says why it cannot be.
Result<ClusterMap> recovered(const ClusterMap& map, const Recovery& recovery);

// The second: the same, but for everybody to act by. `map` is one of recovered().
ClusterMap opened(const ClusterMap& map);

}  // namespace p2p::cluster
