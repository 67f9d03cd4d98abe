// What does a node do for the partitions that it holds (sections 4 and 5 of the protocol)? The whole of replication but
// its shell: for each partition it is primary, copy or learner as the cluster map says. One for each node; no clock,
// socket, file or thread of its own. Every method but gate() and copies(): [own strand].
//
// The shell calls flush() after each run of calls, at the latest when it has nothing else to do: acknowledgements and
// syncs are for all that came together. It keeps one connection to each node that its assignments name, and dials it
// again when it breaks; see messages.h for what a connection promises.
#pragma once

#include "replication/effects.h"
#include "replication/expiry_sweep.h"
#include "replication/primary.h"
#include "replication/site.h"

#include <deque>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace p2p::diststore::replication {

// Messages of one node that wait for a newer map (W3). A map comes within milliseconds; more than this is dropped, and
// all that comes after it until the connection has ended.
inline constexpr std::size_t kMessagesWaitingMax = 100'000;
// While anything is late, or is to be told.
inline constexpr Duration kReplicationTick = std::chrono::milliseconds(25);
// A tick that comes later than this was late because of this node.
inline constexpr Duration kReplicationLateMin = std::chrono::milliseconds(50);

// A lease is away for milliseconds where the voters change; if it is away as long as one lasts, another node may serve
// by now.
inline constexpr Duration kLeaseWaitMax = std::chrono::milliseconds(1500);

class Replicas final {
 public:
  // `engine` outlives this, is not fenced, and is changed by nobody else.
  Replicas(Engine& engine, const ReplicationOptions& options) : site_(engine, options) {}

  // What was on disk when this process began, with the values in the engine (B2). Before the first map.
  void restore(Partition partition, CopyState state);
  // As it is to be written to disk; null: nothing is known of it.
  const CopyState* state(Partition partition) const;

  // --- the cluster map ---
  // A newer map, and the assignments that differ from those before, of this process: none before its boot is in the map
  // (B1).
  void on_map(const MapFacts& map, std::span<const Assignment> changed, Moment moment, Effects& effects);
  // This node is to stop serving (H1). Whoever asked consents once try_consent() is true, and not later: it stays so as
  // long as the term, and nothing is served meanwhile. If it does not become true, the node serves again by itself.
  void stop_serving(Partition partition, Epoch term, Moment moment, Effects& effects);
  bool try_consent(Partition partition, Epoch term);
  // To be asked for in the next changes of the map, as long as they stand here (I3, I1).
  std::vector<CopyReport> filled() const;
  std::vector<CopyReport> failed(TimePoint now) const;
  // False: the engine has failed, or a sync is overdue; the lease is not to be renewed (L1).
  bool is_healthy(TimePoint now) const;
  const std::optional<Error>& failure() const { return site_.failure; }
  // What the engine takes, and memory_max (docs/decisions/0041). False: no further copies are to be given to this node.
  const MemoryLimit& memory() const { return site_.memory; }

  // --- clients ---
  // The keys are all in `partition`. Answered once, now or later, in Effects::answers.
  void write(Partition partition, std::shared_ptr<Batch> batch, RequestId request, Moment moment, Effects& effects);
  void read(Partition partition, std::string_view key, KeyHash hash, RequestId request, Moment moment,
            Effects& effects);
  // Answered once all writes of the partition that are under way now are committed, in the answer's term: what was read
  // from the engine before, in that same term, may then be answered (W5), whichever keys it shows or lacks.
  void settle(Partition partition, RequestId request, Moment moment, Effects& effects);
  // What an answer is worth when it leaves: lease and, for what was read, term are looked at after the value (W5, W6).
  Verdict verdict_now(const Answer& answer, Moment moment) const;
  // A committed write whose answer is to be kept for a while, and judged again: there is no lease at the moment, but
  // the node is primary still. The write is on all copies from which another primary could come, so it is done,
  // whenever that is said (W4, W6).
  bool waits_for_lease(const Answer& answer, Moment moment) const;
  const ReadGate& gate() const { return site_.gate; }
  const CopyGate& copies() const { return site_.copies; }
  // Keys that this node has erased as their primary because their values had expired.
  std::size_t key_log_bytes() const { return site_.logs.bytes(); }
  std::uint64_t expired_keys() const { return site_.expired_keys; }
  // What the names of operations take (operations.h).
  std::size_t operations_bytes() const { return site_.operations.bytes(); }

  // --- other nodes ---
  // The connection that this node has made to `node` is up, or has ended; all before it have ended.
  void on_connected(Node node, Moment moment, Effects& effects);
  void on_disconnected(Node node, Moment moment);
  // More waits to be sent to `node` than replication_queue_bytes_max; or no longer (I1).
  void set_overfull(Node node, bool is_overfull);
  // What is on its way to `node` may take so long from now on, beside replica_timeout: its bytes need it. The time that
  // it was allowed before, and has taken, makes nobody late that had to wait behind it.
  void allow(Node node, Duration allowance, TimePoint now);
  void on_message(Node from, Message message, Moment moment, Effects& effects);
  // The connection that `node` has made to this one has ended, and with it what it said and waits for a map.
  void on_peer_gone(Node node) {
    waiting_.erase(node);
    unheard_.erase(node);
  }

  // --- what the shell was asked for ---
  void on_scanned(Scanned scanned, Effects& effects);
  void on_synced(SyncId id, Moment moment, Effects& effects);

  void flush(Moment moment, Effects& effects);
  void tick(Moment moment, Effects& effects);
  TimePoint next_wakeup() const;  // for the next tick; TimePoint::max(): nothing is to be done

 private:
  // What waits for a sync.
  struct ToBeSynced {
    HeldPartition* held = nullptr;
    Epoch term = 0;  // of a primary
    Seq position = 0;
    Effects::Send ack = {};  // of a copy
  };
  struct RunningSync {
    SyncId id = 0;
    TimePoint asked_at{};
    std::vector<ToBeSynced> parts = {};
  };

  HeldPartition* held(Partition partition) const { return site_.held[partition].get(); }
  HeldPartition& hold(Partition partition);
  Primary* primary_in(Partition partition, Epoch term) const;
  void assign(const Assignment& next, Moment moment, Effects& effects);
  void start_empty(HeldPartition& held, Effects& effects);
  void lead(HeldPartition& held, bool is_new_term, Moment moment, Effects& effects);
  void stop_leading(HeldPartition& held, Effects& effects);
  void take(Node from, Message& message, Moment moment, Effects& effects);
  void take_waiting(Moment moment, Effects& effects);
  Effects::Send ack_of(const HeldPartition& held) const;
  void drop_material(TimePoint now, Effects& effects);
  void measure_memory();
  Duration material_kept() const;

  Site site_;
  ExpirySweep sweep_{site_};
  std::unordered_map<Node, std::deque<Message>> waiting_;  // for a newer map, in order (W3)
  std::unordered_set<Node> unheard_;                       // of whose connections something was dropped
  std::deque<RunningSync> syncs_;
  SyncId last_sync_ = 0;
  std::vector<Partition> material_;  // partitions without a role
  TimePoint ticked_for_ = TimePoint::max();
};

}  // namespace p2p::diststore::replication
