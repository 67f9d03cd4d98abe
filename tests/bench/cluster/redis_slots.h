// Which master of a Redis Cluster owns a key? (Redis Cluster specification, "Key distribution model".)
#pragma once

#include <p2p/node_address.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace p2p::bench {

inline constexpr std::size_t kRedisSlots = 16'384;

// CRC16, XMODEM, of the key, modulo the slots. Keys of a load have no {tag}, which would be hashed alone.
std::uint16_t redis_slot_of(std::string_view key) noexcept;

struct RedisSlots {
  std::vector<NodeAddress> masters;
  std::array<std::uint8_t, kRedisSlots> owner{};  // index in masters
};

// From the text that the master at `asked` answers to CLUSTER NODES; a master may not know its own address yet. Throws
// std::runtime_error when it makes no sense, or a slot has no owner.
RedisSlots parse_cluster_nodes(std::string_view text, const NodeAddress& asked);

}  // namespace p2p::bench
