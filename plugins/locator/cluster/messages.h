// What do nodes of one cluster say to each other, whatever decides on its maps? Plain values, no bytes.
#pragma once

#include "cluster/map/change.h"
#include "cluster/map/cluster_map.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace p2p::cluster {

// Names the asker's request; the reply carries it back. Given by whoever delivers the request.
using RequestId = std::uint64_t;

// Who says it, and what it knows: with every message.
struct Sender {
  NodeId node;
  Boot boot;
  Epoch epoch = 0;
};

// The primary of a partition serves it no more, and may be replaced in that term (H1).
struct Consent {
  PartitionNumber partition = 0;
  Epoch term = 0;
  friend bool operator==(const Consent&, const Consent&) = default;
};

// What the receiver lacks: the changes from its epoch on, or the whole map over a gap (A3).
struct MapUpdate {
  Epoch from = 0;                              // the epoch that `changes` begin at
  std::vector<Change> changes = {};            // of from, from + 1, ...
  std::shared_ptr<const ClusterMap> map = {};  // null: the changes are enough
};

// "What has been decided since?" The reply's update tells it.
struct FetchMap {};

// The reply to what needs no other.
struct Noted {};

}  // namespace p2p::cluster
