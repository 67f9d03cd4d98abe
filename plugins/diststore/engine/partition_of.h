// Which partition is a key in? No random seed goes into it. For engines; their callers need not know.
#pragma once

#include "engine/partition.h"
#include "engine/space_key.h"
#include "placement/partition_of.h"

#include <string_view>

namespace p2p::diststore {

// [any thread]
inline Partition partition_of(std::string_view key) noexcept {
  return placement::partition_of(placed_by(key), kPartitions);
}

}  // namespace p2p::diststore
