// What does an operator want to know of a cluster map? Counts of what its members hold, and of what is missing. Pure.
#pragma once

#include "cluster/map/cluster_map.h"

#include <p2p/result.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace p2p::agreed {

struct Holding {
  std::uint32_t primaries = 0;
  std::uint32_t in_sync = 0;  // primaries among them
  std::uint32_t learners = 0;
  friend bool operator==(const Holding&, const Holding&) = default;
};

// By slot.
std::vector<Holding> holdings(const cluster::ClusterMap& map);

// Partitions with as many copies in sync as are wanted, and as there are members to hold any; and the others.
struct Completeness {
  std::uint32_t complete = 0;
  std::uint32_t under_replicated = 0;
  std::uint32_t unserved = 0;  // of those: the primary is down
  friend bool operator==(const Completeness&, const Completeness&) = default;
};
Completeness completeness(const cluster::ClusterMap& map);

// The slots of the members, in order of addresses, and then of ids.
std::vector<cluster::Slot> by_address(const cluster::ClusterMap& map);

// The shortest beginning of an id that names a member: fewer digits are a slip of the hand.
inline constexpr std::size_t kIdDigitsMin = 4;

// The member with this address, or whose id begins like this. Of several with one address the one that is up is meant;
// an error says what is wrong with `text`.
Result<cluster::Slot> member_named(const cluster::ClusterMap& map, std::string_view text);

}  // namespace p2p::agreed
