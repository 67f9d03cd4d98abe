// What can the operator configure? [services.diststore.config] as plain values; defaults and ranges are in plugin.cc.
#pragma once

#include <p2p/config.h>
#include <p2p/units.h>

#include <algorithm>
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
  bool reserves_keys = false;  // those of engine/space_key.h are no client's: in an agreed cluster

  // Shares of the host's largest message: one value with its key; all results in the reply to a client's batch; and the
  // size at which the reply to another node's part ends, after the value that exceeds it, so that this last value still
  // fits.
  std::size_t item_bytes_max = 0;
  std::size_t batch_reply_bytes_max = 0;
  std::size_t part_reply_bytes_max = 0;
  std::size_t whole_reply_bytes_max = 0;  // what no reply to another node may exceed
};

// What the wire adds to each result or moved item, and a little more.
inline constexpr std::size_t kResultBytesMax = 128;

// The overhead of each value in the reply to a client's batch: at most 60 bytes.
inline constexpr std::size_t kBatchEntryBytesMax = 64;

// `message_bytes_max`: NodeInfo's. No batch may have more keys than its reply has room for results.
inline StoreOptions read_options(const Config& config, std::size_t message_bytes_max) {
  const std::size_t batch_reply_bytes_max = message_bytes_max / 4 * 3;
  return {
      .key_bytes_max = config.bytes("key_bytes_max"),
      .value_bytes_max = config.bytes("value_bytes_max"),
      .batch_keys_max = std::min(static_cast<std::size_t>(config.integer("batch_keys_max")),
                                 batch_reply_bytes_max / kBatchEntryBytesMax),
      .forward_timeout = config.duration("forward_timeout"),
      .transfer_batch_bytes = std::min<std::size_t>(config.bytes("transfer_batch_bytes"), message_bytes_max / 4),
      .transfer_batches_in_flight = static_cast<std::size_t>(config.integer("transfer_batches_in_flight")),
      .transfer_share = static_cast<std::size_t>(config.integer("transfer_share")),
      .tombstone_grace = config.duration("tombstone_grace"),
      .tombstones_max = static_cast<std::size_t>(config.integer("tombstones_max")),
      .item_bytes_max = message_bytes_max / 8 * 5,
      .batch_reply_bytes_max = batch_reply_bytes_max,
      .part_reply_bytes_max = message_bytes_max / 4,
      .whole_reply_bytes_max = message_bytes_max,
  };
}

}  // namespace p2p::diststore
