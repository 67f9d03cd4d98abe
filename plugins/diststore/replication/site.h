// What do the partitions of one node share? Made by Replicas, held by every core of a partition.
#pragma once

#include "engine/engine.h"
#include "replication/assignment.h"
#include "replication/copy_gate.h"
#include "replication/copy_state.h"
#include "replication/effects.h"
#include "replication/expiry_bound.h"
#include "replication/key_log.h"
#include "replication/memory_limit.h"
#include "replication/read_gate.h"

#include <p2p/units.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p::diststore::replication {

struct ReplicationOptions {
  bool is_durable = false;  // what was synced survives the process (B2)
  // A copy that does not acknowledge for so long is taken out (I1).
  Duration replica_timeout = std::chrono::seconds(1);
  // Its connection has broken, and dialling it anew has failed for so long (I1).
  Duration redial_max = std::chrono::milliseconds(100);
  // With keys of 16 bytes: the last 2.8 million writes of this node.
  std::size_t key_log_bytes_max = 64 << 20;
  // Operations of clients that are known by name, over all partitions (docs/decisions/0044): 12 MiB. At 100,000 writes
  // a second they reach back for 2.5 seconds, which is longer than clients try.
  std::size_t operations_max = 256 << 10;
  // Writes under way in one partition; more are refused. A queue of 4,096 at 100,000 a second is 40 ms long.
  std::size_t under_way_max = 4096;
  // And their keys: a sync names all of them in one message (I5), beside those of the last batch.
  std::size_t under_way_key_bytes_max = 512 << 10;
  // Calls that wait for them in one partition: reads, and what failed; more are refused.
  std::size_t waiting_max = 16'384;
  // What a node has of partitions that it has no role in is material for a recovery for so long (I7).
  Duration material_kept = std::chrono::minutes(10);
  MemoryBounds memory = {};
};

class Primary;

// Whom a copy follows, since the sync that began it.
struct Source {
  Node primary = kNoNode;
  StreamId stream = 0;       // 0: nobody yet
  std::uint64_t filled = 0;  // the last Items of the fill
  bool owes_ack = false;
};

// What a node holds of a partition. Its address stays.
struct HeldPartition {
  HeldPartition();
  ~HeldPartition();

  Assignment assignment;
  CopyState state;
  KeyLog log;
  bool has_had_others = false;  // with this content: copies that may ask for what they lack
  Source source;
  std::unique_ptr<Primary> primary;
  TimePoint material_since{};  // it has had no role since
  bool is_active = false;      // in Site::active
  bool is_dirty = false;       // in Site::dirty
};

struct Link {
  bool is_connected = false;
  bool is_overfull = false;  // more waits to be sent than replication_queue_bytes_max
  TimePoint since{};
  Duration allowance{};  // that what is on its way may take, beside any timeout: much is sent, and slowly (I1)
  TimePoint allowed_at{};
  // The node is full, as it said last: kept while the connection breaks, until the node says it anew.
  std::optional<MemoryUse> full = {};

  bool is_over() const noexcept { return full && full->is_over(); }
};

struct Site {
  Site(Engine& engine_used, const ReplicationOptions& options_used)
      : engine(engine_used),
        options(options_used),
        logs(options_used.key_log_bytes_max),
        operations(options_used.operations_max),
        memory(options_used.memory),
        held(kPartitions),
        expiries(kPartitions) {}

  Engine& engine;
  const ReplicationOptions options;
  ReadGate gate;
  CopyGate copies;
  KeyLogs logs;
  Operations operations;
  MemoryLimit memory;
  MapFacts map;
  std::vector<Link> links;  // by node
  StreamId streams = 0;
  std::vector<std::unique_ptr<HeldPartition>> held;  // null: nothing
  std::vector<HeldPartition*> active;                // tick() looks at them
  std::vector<HeldPartition*> dirty;                 // flush() acknowledges and syncs what has changed in them
  std::vector<ExpiryBound> expiries;                 // by partition, whatever this node is for it
  WallMs first_expiry = ExpiryBound::kNever;         // nothing that this node is primary of expires before
  std::uint64_t expired_keys = 0;                    // that it has erased as primary
  std::optional<Error> failure;                      // the engine's first; nothing is served or acknowledged after it

  Link& link(Node node) {
    if (node >= links.size()) links.resize(node + 1);
    return links[node];
  }
  Primary* primary_of(Partition partition) const noexcept {
    return held[partition] == nullptr ? nullptr : held[partition]->primary.get();
  }
  void note_expiry(const HeldPartition& partition, WallMs expires_at) {
    if (expires_at == kNoExpiry) return;
    expiries[partition.assignment.partition].note(expires_at);
    if (partition.primary != nullptr) first_expiry = std::min(first_expiry, expires_at);
  }
  void activate(HeldPartition& partition) {
    if (!std::exchange(partition.is_active, true)) active.push_back(&partition);
  }
  void mark_dirty(HeldPartition& partition) {
    if (!std::exchange(partition.is_dirty, true)) dirty.push_back(&partition);
  }
  void log_key(HeldPartition& partition, Seq seq, std::string_view key) {
    const auto log_of = [this](Partition number) { return held[number] == nullptr ? nullptr : &held[number]->log; };
    if (!partition.has_had_others) return partition.log.skip(seq);
    logs.add(partition.assignment.partition, partition.log, seq, key, log_of);
  }
  // The batch has been applied with this version.
  void note_operation(HeldPartition& partition, WriteVersion version, const Batch& batch) {
    if (!batch.operation.is_set()) return;
    const auto known_of = [this](Partition number) {
      return held[number] == nullptr ? nullptr : &held[number]->state.operations;
    };
    operations.add(partition.assignment.partition, partition.state.operations, batch.operation, version,
                   !batch.writes.empty(), known_of);
  }
  void log_keys(HeldPartition& partition, Seq seq, const Batch& batch) {
    for (const KeyWrite& write : batch.writes) log_key(partition, seq, write.key);
  }
};

}  // namespace p2p::diststore::replication
