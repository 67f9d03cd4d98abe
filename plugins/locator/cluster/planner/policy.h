// How patient is the planner, and how much may it set in motion at once?
#pragma once

#include "cluster/map/cluster_map.h"

#include <p2p/units.h>

#include <chrono>

namespace p2p::cluster {

struct Policy {
  // I4: a member that is down may come back, and then fills its copies again sooner than another would.
  Duration restore_after = std::chrono::seconds(30);
  // J4, I9: how long a member may be down before it is no member any more.
  Duration remove_after = std::chrono::seconds(30);
  // Members that start together come one after the other: what is balanced waits for the last of them, so that it is
  // moved once. Where no member holds data, all copies wait.
  Duration settle_after = std::chrono::milliseconds(500);
  // A6: how long a voter may be down before another votes in its stead.
  Duration replace_voter_after = std::chrono::seconds(10);

  // Learners being filled, and as many primaries being handed over, by the member that receives and by the one that
  // gives. What a member takes in is on the way for all of them at once, so more make nothing faster; with fewer, the
  // rounds of agreement between two fillings would show where partitions are small.
  std::size_t moves_max = 256;
  // Those for balance alone, which can wait: they leave room for what restores copies.
  std::size_t balance_moves_max = 128;
  // While no member holds data, a move costs an entry in the map, and nothing else.
  std::size_t moves_without_data_max = 1024;
  // Of one change, so that it stays some tens of kB.
  std::size_t requests_max = 1024;
};

// I4: a durable member is back with its data, so it is worth waiting for.
inline Policy default_policy(Durability durability) {
  Policy policy;
  if (durability == Durability::durable) policy.restore_after = policy.remove_after = std::chrono::minutes(5);
  return policy;
}

}  // namespace p2p::cluster
