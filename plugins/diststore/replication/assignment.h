// What is this node for a partition? Told by whoever knows the cluster map, as plain values: this folder knows neither
// maps nor members.
#pragma once

#include "engine/partition.h"
#include "replication/write_version.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace p2p::diststore::replication {

// A node's number in this process: the shell gives one to each node id that it hears of, and never gives it to another.
using Node = std::uint32_t;
inline constexpr Node kNoNode = ~Node{0};

enum class Role : std::uint8_t {
  none,     // what this node has is material for a recovery, until it is dropped (I7)
  learner,  // gets what the primary has
  in_sync,  // takes every write
  primary,  // serves, under its lease
};

struct OtherCopy {
  Node node = kNoNode;
  Epoch since = 0;  // of a learner's assignment (M2); 0: it is in sync

  bool is_learner() const noexcept { return since != 0; }
  friend bool operator==(const OtherCopy&, const OtherCopy&) = default;
};

struct Assignment {
  Partition partition = 0;
  Role role = Role::none;
  Epoch term = 0;
  Epoch born = 0;
  Epoch since = 0;                     // of this node's assignment as learner
  Node primary = kNoNode;              // unless it is this node
  std::vector<OtherCopy> others = {};  // of a primary: in sync, and learners
  std::size_t copies_required = 1;     // of a primary: in sync, itself included, for a write to be taken (W1)

  bool has_others() const noexcept { return role != Role::primary || !others.empty(); }
  std::size_t in_sync_count() const noexcept {
    std::size_t count = 1;
    for (const OtherCopy& other : others) count += other.is_learner() ? 0 : 1;
    return count;
  }
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

// Of the newest map, whatever the partition.
struct MapFacts {
  Epoch epoch = 0;
  // The map names this process's boot. Before that it has no role anywhere, which says nothing of what it holds (B1).
  bool has_this_boot = true;
};

}  // namespace p2p::diststore::replication
