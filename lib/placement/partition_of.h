// Which partition is a key in (cluster.md 1)? The same for nodes and clients: no random seed goes into it.
#pragma once

// Inlined: for a short key the call alone would be a large part of the cost.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>
#include <cstdint>
#include <string_view>

namespace p2p::placement {

// What depends on the number of partitions alone, for whoever asks for many keys; `partitions` is a power of two.
constexpr int partition_shift(std::uint32_t partitions) noexcept { return 63 - std::countr_zero(partitions); }

inline std::uint32_t partition_at_shift(std::string_view key, int shift) noexcept {
  // Shifted twice, as a shift by 64 (one partition) is undefined.
  return static_cast<std::uint32_t>(XXH3_64bits(key.data(), key.size()) >> 1 >> shift);
}

// The top bits of the key's hash; `partitions` is a power of two. [any thread]
inline std::uint32_t partition_of(std::string_view key, std::uint32_t partitions) noexcept {
  return partition_at_shift(key, partition_shift(partitions));
}

// How strongly a partition is drawn to the member whose id these two numbers are, as both read its 16 bytes: the
// members in descending order, ties by id, are the partition's rendezvous order (M6). [any thread]
std::uint64_t rendezvous_weight(std::uint32_t partition, std::uint64_t id_high, std::uint64_t id_low) noexcept;

}  // namespace p2p::placement
