// How do the copies of partitions run in a node (docs/decisions/0032)? The shell of replication/: it owns one strand,
// the clock and the wire. The locator drives it as the holder of this node's partitions, clients' calls as their
// ReplicaStore, other nodes by the service `Replicas` (idl/replication.thrift).
//
// What comes from other threads waits in one place and is worked off in runs: all that has come together shares one
// flush, and so do messages to the same node. In a run what is to be said goes first, then clients are answered.
//
// An exception in a run (std::bad_alloc, as a rule) ends the process, with a line that says why: what the cores were
// half-way through cannot be trusted, and a node that renewed its lease without it would serve nothing and let nobody
// else serve. One that `Done` throws ends its own call alone, as what the cores know is whole by then; one in write()
// or read() reaches whoever called, and nothing was begun.
#pragma once

#include "agreed/consents.h"
#include "agreed/incoming_sessions.h"
#include "agreed/links.h"
#include "agreed/replica_service.h"
#include "agreed/wire/replica_codec.h"
#include "replication/replicas.h"

#include <p2p/completion.h>
#include <p2p/context.h>
#include <p2p/handlers.h>
#include <p2p/locator.h>
#include <p2p/log.h>
#include <p2p/peers.h>
#include <p2p/repeated_warnings.h>
#include <p2p/strand.h>
#include <p2p/subscription.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace p2p::diststore::agreed {

struct ReplicaShellOptions {
  replication::ReplicationOptions replication = {};
  std::size_t queue_bytes_max = 64 << 20;  // that may wait for one node
};

// A strand that has not run for so long hangs, and the lease is not renewed (L1): a third of a lease.
inline constexpr Duration kStrandHangMax = std::chrono::milliseconds(500);
// The locator is not asked more often to compare maps with the same node: one comes within milliseconds.
inline constexpr Duration kCompareMapsEvery = std::chrono::milliseconds(10);
// How often it is looked whether the lease is back, while answers wait for it.
inline constexpr Duration kLookForLeaseEvery = std::chrono::milliseconds(5);
// Steps of backfills in one run, of about 50 us each, so that clients wait no longer for them.
inline constexpr std::size_t kScansInRunMax = 4;

class ReplicaShell final : public ReplicaService,
                           public PartitionHolder,
                           public std::enable_shared_from_this<ReplicaShell> {
 public:
  struct Environment {
    std::shared_ptr<Strand> strand;
    Peers& peers;
    Logger& log;
    std::shared_ptr<ILocator> locator;
    std::string service;                 // NAME of [services.NAME]
    std::function<SessionId()> draw;     // at random; not 0
    std::function<WallMs()> wall_clock;  // the time of day [any thread]
  };

  // `engine` is not fenced, and is changed by nobody else.
  ReplicaShell(Environment environment, std::shared_ptr<Engine> engine, const ReplicaShellOptions& options);
  ~ReplicaShell() override;

  // --- its life ---
  // Registers at the locator; before ready(). [control]
  void start();
  Result<p2p::Done> start(Context& context) override;
  // Completes once the cluster map names this process, and this node knows what it is for each partition; or at stop().
  // [any thread]
  void when_established(Completion done) override;
  // Every call that waits is answered: refused, or unknown where it may be done. Nothing runs afterwards. Waits for the
  // strand. [control]
  void stop() override;
  // Not while copies of keys are here and no other node could take them, as it does first (M6).
  Result<p2p::Done> may_end() const override;

  // What the part "replicas" of the service answers; for Dispatch::io.
  void add_methods(Methods& methods);
  static constexpr const char* kPart = "replicas";
  static constexpr const char* kIdl = "replication.Replicas";

  // --- numbers, for gauges and the end [any thread] ---
  struct Counts {
    std::int64_t primary = 0;
    std::int64_t in_sync = 0;
    std::int64_t learner = 0;
    std::int64_t filling = 0;      // learners elsewhere that this node fills
    std::int64_t last_copies = 0;  // in sync nowhere else
  };
  Counts counts() const;
  std::int64_t waiting_calls() const noexcept { return waiting_calls_.load(std::memory_order_relaxed); }
  std::int64_t queued_bytes() const noexcept { return queued_bytes_.load(std::memory_order_relaxed); }
  std::int64_t key_log_bytes() const noexcept { return key_log_bytes_.load(std::memory_order_relaxed); }
  std::int64_t operations_bytes() const noexcept { return operations_bytes_.load(std::memory_order_relaxed); }
  // That this node has erased because their values had expired.
  std::int64_t expired_keys() const noexcept { return expired_keys_.load(std::memory_order_relaxed); }
  // The only copies of partitions are here: they would be lost with this node.
  bool has_last_copies() const { return counts().last_copies > 0; }
  // The map still gives copies to this node.
  bool has_copies() const;

  // --- ReplicaStore ---
  void write(Partition partition, std::shared_ptr<replication::Batch> batch, Done done) override;
  void read(Partition partition, std::string key, replication::KeyHash hash, Done done) override;
  void settle(Partition partition, Done done) override;
  const replication::ReadGate& gate() const override { return *gate_.load(std::memory_order_acquire); }
  const replication::CopyGate& copies() const override { return *copies_.load(std::memory_order_acquire); }
  const Engine& engine() const override { return *engine_; }
  TimePoint lease_held_until() const override { return environment_.locator->lease_held_until(); }
  NewestMap newest_map() const override { return environment_.locator->newest_map(); }
  WallMs wall_now() const override { return environment_.wall_clock(); }
  std::uint32_t feature_level() const noexcept override { return feature_level_.load(std::memory_order_relaxed); }

  // --- PartitionHolder ---
  void on_map(std::shared_ptr<const PartitionMap> map) override;
  void stop_serving(std::uint32_t partition, std::uint64_t term) override;
  bool has_stopped(std::uint32_t partition, std::uint64_t term) const override;
  bool resume(std::uint32_t partition, std::uint64_t term) override;
  std::vector<PartitionReport> filled() const override;
  std::vector<PartitionReport> failed() const override;
  bool is_healthy() override;
  bool takes_copies() override { return takes_copies_.load(std::memory_order_relaxed); }

 private:
  // --- what waits for the strand ---
  struct Request {
    Partition partition = 0;
    std::shared_ptr<replication::Batch> batch = nullptr;  // null: a read
    const replication::ReadGate* announced_at = nullptr;  // of a write; gates live as long as the shell
    std::string key = {};
    replication::KeyHash hash = 0;
    bool settles = false;  // reads nothing
    Done done;
  };
  struct StopServing {
    Partition partition = 0;
    replication::Epoch term = 0;
  };
  struct OpenCall {
    std::string caller;
    std::string callee;
    SessionId session = 0;
    Call call;
  };
  struct SaidCall {
    wire::Said said;
    bool is_answer = false;
    Call call;
  };
  struct EndCall {
    SessionId session = 0;
    Call call;
  };
  struct OpenEnded {
    replication::Node to = replication::kNoNode;
    SessionId session = 0;
    Result<wire::Opened> reply;
  };
  struct DeliverEnded {
    replication::Node to = replication::kNoNode;
    SessionId session = 0;
    CallNumber number = 0;
    Result<wire::Delivered> reply;
  };
  struct AnswerEnded {
    SessionId session = 0;
    IncomingSessions::Outcome outcome = IncomingSessions::Outcome::failed;
  };
  struct Probe {
    std::uint64_t number = 0;
  };
  struct Establish {
    Completion done;
  };
  struct Halt {};
  using Event = std::variant<std::shared_ptr<const PartitionMap>, StopServing, OpenCall, SaidCall, EndCall, OpenEnded,
                             DeliverEnded, AnswerEnded, Probe, Establish, Halt>;
  struct Inbox {
    std::vector<Event> events;
    std::vector<Request> requests;
    bool is_posted = false;
  };

  // What the shell remembers of the map, beside the cores.
  struct Known {
    PartitionRole role = PartitionRole::none;
    std::vector<replication::Node> others = {};  // of a primary
    std::int64_t learners = 0;
    bool is_last_copy = false;
  };
  struct Member {
    std::string id;
    NodeAddress address;
    TimePoint compared_at = TimePoint::min();
    bool is_known = false;
  };

  // --- the strand (replica_shell.cc) ---
  void push(Event event);
  void push(Request request);
  void post_run();
  void run();
  void take_all();
  void start_requests(replication::Moment moment);
  void start_write(Request& request, replication::RequestId id, replication::Moment moment);
  replication::RequestId keep(Done done);
  replication::Moment moment() const;
  void work(replication::Moment moment);
  void scan();
  void obey(TimePoint now);
  void answer_clients();
  void tell(const Done& done, const replication::Answer& answer);
  void publish_reports(TimePoint now);
  void note_memory(TimePoint now);
  std::string text_of_full(const replication::Answer& answer) const;
  void set_alarm();
  void halt();

  // --- the map (replica_shell_map.cc) ---
  void on(std::shared_ptr<const PartitionMap>& map, replication::Moment moment);
  void on(const StopServing& stop, replication::Moment moment);
  void begin_anew(replication::Moment moment);
  void end_all_roles(replication::Moment moment);
  replication::Assignment note(const PartitionAssignment& is);
  void note_members(const PartitionMap& map);
  void want_links(replication::Moment moment);
  void compare_maps(replication::Node node, TimePoint now);
  void publish_counts(const Known& known, std::int64_t sign);

  // --- the wire (replica_shell_wire.cc) ---
  void on(OpenCall& open, replication::Moment moment);
  void on(SaidCall& said, replication::Moment moment);
  void on(EndCall& end, replication::Moment moment);
  void on(OpenEnded& ended, replication::Moment moment);
  void on(DeliverEnded& ended, replication::Moment moment);
  void on(const AnswerEnded& ended, replication::Moment moment);
  void on(const Probe& probe, replication::Moment moment);
  void on(Establish& wanted, replication::Moment moment);
  void on(const Halt&, replication::Moment) { halt(); }
  void heed_links(replication::Moment moment);
  void heed_sessions(replication::Moment moment);
  void make_calls();
  void reply();
  template <class Ended>
  void call(replication::Node to, std::string message, Duration deadline, Ended ended);
  void warn(replication::Node about, std::string_view what, const Error& why);

  const Environment environment_;
  const std::string part_;
  const std::shared_ptr<Engine> engine_;
  const ReplicaShellOptions options_;
  Subscription subscription_;

  std::mutex inbox_mutex_;
  Inbox inbox_;
  Consents consents_;
  std::atomic<const replication::ReadGate*> gate_{nullptr};
  std::atomic<const replication::CopyGate*> copies_{nullptr};
  mutable std::mutex published_mutex_;
  std::vector<PartitionReport> filled_;
  std::vector<PartitionReport> failed_;
  std::atomic<std::int64_t> waiting_calls_{0};
  std::atomic<std::int64_t> queued_bytes_{0};
  std::atomic<std::int64_t> key_log_bytes_{0};
  std::atomic<std::int64_t> operations_bytes_{0};
  std::atomic<std::int64_t> expired_keys_{0};
  std::atomic<std::uint32_t> feature_level_{0};
  mutable std::mutex counts_mutex_;
  Counts counts_;
  std::atomic<std::size_t> holders_{1};  // nodes that may hold copies
  std::atomic<bool> hands_over_{false};  // as the newest map has it
  std::atomic<bool> takes_copies_{true};
  std::atomic<bool> is_halted_{false};
  std::atomic<bool> has_run_{false};

  // [locator's strand]
  std::uint64_t probes_ = 0;
  TimePoint probed_at_{};
  std::atomic<std::uint64_t> probes_answered_{0};
  std::atomic<bool> can_keep_{true};

  // [own strand]
  std::unique_ptr<replication::Replicas> replicas_;
  std::vector<std::unique_ptr<replication::Replicas>> former_;  // whose gates a reader may still hold
  Links links_;
  IncomingSessions sessions_;
  replication::Effects effects_;
  LinkEffects link_effects_;
  SessionEffects session_effects_;
  Inbox taken_;
  std::vector<replication::Answer> answers_;
  std::vector<replication::Answer> held_back_;  // until the lease is back (W6)
  std::deque<replication::Scan> scans_;
  std::vector<Done> waiting_;  // by request, from 1 on
  std::vector<replication::RequestId> free_;
  std::unordered_map<CallToken, Call> calls_;
  CallToken last_call_ = 0;
  std::vector<Known> known_;     // by partition
  std::vector<Member> members_;  // by number
  std::unordered_map<std::string, replication::Node> numbers_;
  std::string cluster_;
  std::string self_;
  replication::Epoch epoch_ = 0;
  std::int64_t expired_before_ = 0;  // as another node
  bool has_this_boot_ = false;
  std::vector<Completion> establishing_;
  std::unique_ptr<Timer> alarm_;
  TimePoint alarm_at_ = TimePoint::max();
  bool was_full_ = false;
  bool said_full_ = false;
  RepeatedWarnings warnings_;
};

// With a strand of the service, gauges, and the options `key_log_bytes_max` and `replication_queue_bytes_max`.
// `memory_bytes_max`: 0: no limit. [control]
std::shared_ptr<ReplicaShell> make_replica_shell(Context& context, std::shared_ptr<Engine> engine,
                                                 std::shared_ptr<ILocator> locator, std::uint64_t memory_bytes_max);

}  // namespace p2p::diststore::agreed
