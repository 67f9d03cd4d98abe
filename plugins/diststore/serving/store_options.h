// What may the operator turn? [services.diststore.config] as plain values; their defaults and ranges stand in
// plugin.cc.
#pragma once

#include <p2p/config.h>
#include <p2p/units.h>

#include <cstddef>

namespace p2p::diststore {

struct StoreOptions {
  std::size_t key_bytes_max = 0;
  std::size_t value_bytes_max = 0;
  std::size_t batch_keys_max = 0;
  Duration forward_timeout{};
  std::size_t transfer_batch_bytes = 0;
  std::size_t transfer_batches_in_flight = 0;
  std::size_t transfer_share = 100;
  Duration tombstone_grace{};
  std::size_t tombstones_max = 0;
};

inline StoreOptions read_options(const Config& config) {
  return {
      .key_bytes_max = config.bytes("key_bytes_max"),
      .value_bytes_max = config.bytes("value_bytes_max"),
      .batch_keys_max = static_cast<std::size_t>(config.integer("batch_keys_max")),
      .forward_timeout = config.duration("forward_timeout"),
      .transfer_batch_bytes = config.bytes("transfer_batch_bytes"),
      .transfer_batches_in_flight = static_cast<std::size_t>(config.integer("transfer_batches_in_flight")),
      .transfer_share = static_cast<std::size_t>(config.integer("transfer_share")),
      .tombstone_grace = config.duration("tombstone_grace"),
      .tombstones_max = static_cast<std::size_t>(config.integer("tombstones_max")),
  };
}

}  // namespace p2p::diststore
