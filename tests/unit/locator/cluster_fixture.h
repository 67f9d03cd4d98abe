// Small cluster maps in few words. Node 1 founds; a node's slot is its number less one.
#pragma once

#include "cluster/map/apply.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace p2p::cluster {

inline NodeId id(unsigned number) {
  NodeId node;
  node.high = number;
  node.low = 1;
  return node;
}

inline Boot boot(std::uint64_t number) { return {.number = number, .nonce = number * 1'000}; }

inline NodeAddress address(unsigned number) {
  return {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(20'000 + number)};
}

inline Slot slot(unsigned number) { return static_cast<Slot>(number - 1); }

struct MemberOptions {
  std::string zone = {};
  std::uint32_t weight = kWeightDefault;
  std::uint32_t feature_level = 1;
};

inline Member member(unsigned number, const MemberOptions& options = {}) {
  Member one;
  one.id = id(number);
  one.address = address(number);
  one.boot = boot(1);
  one.zone = options.zone;
  one.weight = options.weight;
  one.feature_level = options.feature_level;
  return one;
}

struct MapOptions {
  std::uint32_t partitions = 8;
  std::uint32_t copies = 3;
  std::uint32_t copies_min = 2;
  Durability durability = Durability::memory;
  MemberOptions founder = {};
};

inline ClusterMap founded(const MapOptions& options = {}) {
  ClusterId cluster;
  cluster.high = 7;
  return found({.cluster = cluster,
                .succeeds = {},
                .founder = member(1, options.founder),
                .partitions = options.partitions,
                .copies = options.copies,
                .copies_min = options.copies_min,
                .durability = options.durability});
}

// The map after the change, which must be allowed and leave a sound one.
inline ClusterMap after(const ClusterMap& map, std::vector<Request> requests) {
  const Result<ClusterMap> next = apply(map, {std::move(requests)});
  if (!next.ok()) {
    ADD_FAILURE() << next.error().text;
    return map;
  }
  EXPECT_EQ(unsoundness(next.value()), "");
  return next.value();
}

// Why the change is refused; empty: it is not.
inline std::string refusal_of(const ClusterMap& map, std::vector<Request> requests) {
  const Result<ClusterMap> next = apply(map, {std::move(requests)});
  return next.ok() ? "" : next.error().text;
}

inline ClusterMap with_members(ClusterMap map, unsigned count) {
  std::vector<Request> joins;
  for (unsigned number = 2; number <= count; ++number) joins.emplace_back(Join{member(number)});
  return joins.empty() ? map : after(map, std::move(joins));
}

inline Request up(unsigned number, std::uint64_t boot_number) {
  return Up{.node = id(number), .boot = boot(boot_number), .address = address(number)};
}
// What a process says of itself that has run since its first boot.
struct Program {
  std::vector<std::string> services = {};
  bool holds_partitions = true;
  std::uint32_t feature_level = 1;
  bool takes_copies = true;
};
inline Request runs(unsigned number, Program program) {
  return Up{.node = id(number),
            .boot = boot(1),
            .address = address(number),
            .services = std::move(program.services),
            .holds_partitions = program.holds_partitions,
            .feature_level = program.feature_level,
            .takes_copies = program.takes_copies};
}
inline Request down(unsigned number, std::uint64_t boot_number = 1) {
  return Down{.node = id(number), .boot = boot(boot_number)};
}
inline Request leave(unsigned number, std::uint64_t boot_number = 1) {
  return Leave{.node = id(number), .boot = boot(boot_number)};
}
inline Request learn(PartitionNumber partition, unsigned number) {
  return AddLearner{.partition = partition, .node = id(number)};
}

// As the partition's primary would ask for it at this map.
inline Request put_in_sync(const ClusterMap& map, PartitionNumber partition, unsigned number) {
  const Learner* learner = map.partitions[partition].learner(slot(number));
  return PutInSync{.partition = partition,
                   .node = id(number),
                   .term = map.partitions[partition].term,
                   .since = learner == nullptr ? 0 : learner->since};
}
inline Request take_out(const ClusterMap& map, PartitionNumber partition, unsigned number) {
  return TakeOutOfSync{.partition = partition, .node = id(number), .term = map.partitions[partition].term};
}
inline Request move_primary(const ClusterMap& map, PartitionNumber partition, unsigned number) {
  return MovePrimary{.partition = partition, .to = id(number), .term = map.partitions[partition].term};
}

// Partition 0 in sync at these nodes, the first of them its primary being node 1.
inline ClusterMap in_sync_at(ClusterMap map, std::vector<unsigned> numbers) {
  for (const unsigned number : numbers) {
    map = after(map, {learn(0, number)});
    map = after(map, {put_in_sync(map, 0, number)});
  }
  return map;
}

inline std::vector<unsigned> in_sync_of(const ClusterMap& map, PartitionNumber partition = 0) {
  std::vector<unsigned> numbers;
  for (const Slot copy : map.partitions[partition].in_sync) numbers.push_back(copy + 1u);
  return numbers;
}

inline unsigned primary_of(const ClusterMap& map, PartitionNumber partition = 0) {
  return map.partitions[partition].primary + 1u;
}

}  // namespace p2p::cluster
