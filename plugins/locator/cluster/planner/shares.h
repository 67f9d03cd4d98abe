// How many copies and primaries is each member to hold, by weight and zone? Whole numbers; which members get the one
// more that does not divide is left to whoever places the copies (placement.h).
#pragma once

#include "cluster/map/cluster_map.h"

#include <cstdint>
#include <vector>

namespace p2p::cluster {

struct Bounds {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

struct Holder {
  Slot slot = kNoSlot;
  std::uint16_t zone = 0;  // index into Shares::zones
  Bounds copies;
  Bounds primaries;
  Bounds primaries_at_most;  // where the copies allow nothing better
  friend bool operator==(const Holder&, const Holder&) = default;
};

struct Shares {
  std::uint32_t copies = 0;     // of each partition: as the map wants, or as many as there are holders
  std::vector<Holder> holders;  // by slot
  std::vector<Bounds> zones;    // how many copies of one partition are in each
  friend bool operator==(const Shares&, const Shares&) = default;
};

// What a member's share may exceed that of its weight by, so that copies are spread over zones.
inline constexpr std::uint64_t kShareStretch = 50;  // one in fifty: 2 %

// 1. A member's share of all copies is that of its weight among the holders; but nobody holds two copies of a
//    partition: what would be above one of each goes to the others, by weight.
// 2. A zone's share is that of its members. With z zones, each of them should hold at most ceil(copies / z) copies of a
//    partition: with enough zones, one. Zones whose share is more give what is above to zones that have less, as far as
//    no member's share becomes more than the whole number above its weight's, or than 1.02 of it. What still is above
//    stays: balance goes before spreading, and some partitions then have one copy more in that zone, as few as
//    possible.
// 3. A member holds the next whole number of copies below or above its share; a zone holds of each partition the next
//    whole number below or above its share of one.
// 4. A member's share of primaries is that of its weight, whatever the zones make of its copies; it is the primary of
//    the next whole number below or above it. Where the copies do not allow that, of one between this and what its
//    share of copies comes to.
// There always is a placement of copies within these bounds, and of primaries among them.
Shares shares_of(const ClusterMap& map);

}  // namespace p2p::cluster
