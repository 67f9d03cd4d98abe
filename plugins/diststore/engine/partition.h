// Slices of the key space: each key is in one partition, the same on every node and in every version, so that a whole
// partition can move between nodes. See docs/decisions/0022; which one a key is in: partition_of.h.
#pragma once

#include <cstdint>

namespace p2p::diststore {

using Partition = std::uint32_t;

inline constexpr unsigned kPartitionBits = 12;
inline constexpr Partition kPartitions = Partition{1} << kPartitionBits;

// Adjacent partitions, `first` to `last` inclusive.
struct PartitionRange {
  Partition first = 0;
  Partition last = kPartitions - 1;

  bool contains(Partition partition) const noexcept { return first <= partition && partition <= last; }
};

inline constexpr PartitionRange kAllPartitions{};
constexpr PartitionRange only(Partition partition) noexcept { return {partition, partition}; }

}  // namespace p2p::diststore
