// Which partition is a key in? No random seed goes into it. For engines; their callers need not know.
#pragma once

#include "engine/partition.h"

// Inlined: for a short key the call alone would be a large part of the cost.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string_view>

namespace p2p::diststore {

// [any thread]
inline Partition partition_of(std::string_view key) noexcept {
  return static_cast<Partition>(XXH3_64bits(key.data(), key.size()) >> (64 - kPartitionBits));
}

}  // namespace p2p::diststore
