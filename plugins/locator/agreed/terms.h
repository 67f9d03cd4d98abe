// What must be alike on all nodes of a cluster, as a joiner has it, and what else decides whether it is let in (J1)?
#pragma once

#include "cluster/map/cluster_map.h"

#include <chrono>
#include <cstdint>

namespace p2p::cluster {

struct Terms {
  std::uint32_t partitions = kPartitions;
  std::uint32_t copies = 3;
  std::uint32_t copies_min = 2;
  Durability durability = Durability::memory;
  ClusterId succeeded = {};  // the network that the joiner was a member of, and that has ended (J6); empty: none
  std::chrono::milliseconds wall_clock{};  // since 1970, by the joiner's clock
  std::uint32_t feature_level = 1;         // the highest that its program knows (M7)

  friend bool operator==(const Terms&, const Terms&) = default;
};

}  // namespace p2p::cluster
