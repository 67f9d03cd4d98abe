// Whole nodes of an agreed store in virtual time: the cores of the locator and of the store's replication, as in the
// product; disks that forget what was not synced, connections that keep the order and break, clients whose answers get
// lost. Every history of a key is checked.
#pragma once

#include "cluster_world.h"
#include "replication_host.h"
#include "store_history.h"

#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace p2p::sim {

// When the simulation begins, in milliseconds since 1970.
inline constexpr diststore::WallMs kWallStart = 1'800'000'000'000;

class ReplicationWorld final : public ClusterWorld {
 public:
  explicit ReplicationWorld(const ClusterWorldOptions& options);

  // What was not as it must be; empty: all was.
  std::vector<std::string> run_store();
  std::size_t operations() const { return operations_; }
  std::size_t acknowledged() const { return acknowledged_count_; }

 private:
  using Effects = diststore::replication::Effects;
  using Message = diststore::replication::Message;
  using Answer = diststore::replication::Answer;
  using Verdict = diststore::replication::Verdict;
  using WriteVersion = diststore::replication::WriteVersion;
  using Number = cluster::PartitionNumber;

  // What survives a process where the engine is durable.
  struct Disk {
    ReplicationEngine::Content content;
    std::map<Number, diststore::replication::CopyState> states = {};
  };
  struct Store {
    ReplicationHost* host = nullptr;  // of the process that runs
    Disk disk;                        // synced
    std::deque<std::pair<diststore::replication::SyncId, Disk>> unsynced;
    TimePoint synced_last{};
    bool has_flush_to_come = false;
    std::map<Index, TimePoint> asked_for_map;
    Duration clock_ahead{};  // of the true time of day; it is set now and then
    std::map<Index, TimePoint> dials_at;
    std::set<Index> dialling;
  };
  // From the first to the second: made by the first, which speaks as primary; answers come back over it.
  struct Connection {
    std::uint64_t id = 0;  // 0: none
    bool is_breaking = false;
    std::uint64_t life_there = 0;
    std::array<TimePoint, 2> last_arrival{};
  };

  enum class Kind : std::uint8_t { get, put, erase, put_if_absent, put_if_version };
  struct Operation {
    Kind kind = Kind::get;
    std::vector<std::size_t> keys = {};     // more than one: a batch
    std::vector<std::size_t> entries = {};  // in the keys' histories
    int value = 0;                          // of the first key; the others' follow
    WriteVersion version = {};              // of a condition
    std::int64_t ttl_ms = 0;
    Index node = 0;
    std::size_t client = 0;
    bool is_over = false;
    // Of a write that is tried again, under its name: attempts may be on their way still, after it is over, too.
    diststore::replication::OperationId id = {};
    bool is_again = false;  // an attempt may have been done
    std::size_t attempts = 0;
    TimePoint arrived_by{};  // the last of them
    // Of a get that reads as a scan does: what it has seen.
    bool settles = false;
    int seen = 0;  // 0: there is no such key
    WriteVersion seen_version = {};
    diststore::replication::Epoch seen_in = 0;
  };
  struct Acknowledged {
    WriteVersion version = {};
    TimePoint begun{};
    TimePoint at{};
    bool is_erase = false;
  };
  struct Key {
    std::string name;
    Number partition = 0;
    StoreHistory history = {};
    std::map<WriteVersion, int> values = {};         // that any node has stored
    std::map<int, diststore::WallMs> expiring = {};  // values, and when they end; that some clock has not come to
    std::map<int, diststore::WallMs> ended = {};     // that some clock has
    WriteVersion acknowledged = {};                  // the newest
    TimePoint acknowledged_begun{};
    bool is_acknowledged_erase = false;
    std::vector<Acknowledged> acknowledgements = {};
  };
  struct Client {
    bool is_busy = false;
    WriteVersion known_version;  // of known_key
    std::size_t known_key = 0;
    int known_value = 0;
    std::uint64_t last_number = 0;  // of its operations
    Duration clock_ahead{};
    std::size_t reads_healed = 0;  // that were answered since all is healed
    std::size_t writes_healed = 0;
  };

  // --- processes (replication_world.cc) ---
  std::unique_ptr<SimulatedHost> make_host(Index at) override;
  void on_crash(Index at) override;
  void obey(Index at, Effects& effects);
  void flush(Index at, bool now);
  void sync(Index at, diststore::replication::SyncId id);
  void scan(Index at, diststore::replication::Scan scan);
  void beat(Index at);
  Store& store(Index at);
  diststore::replication::Moment moment(Index at) const;
  diststore::WallMs wall(Index at) const;
  void set_clocks();
  void note_stored(std::string_view key, const diststore::StoredEntry& entry);
  void want_map(Index at, Index from);
  // A network forms first; what dies before is founded anew by nobody.
  bool is_troubled() const { return !is_healed_ && time_.now() >= TimePoint(std::chrono::seconds(1001)); }
  static Index index_of_node(diststore::replication::Node node) { return node - 1; }

  // --- connections (replication_connections.cc) ---
  Connection& connection(Index from, Index to) { return connections_[{from, to}]; }
  void dial_wanted(Index at);
  void dial(Index at, Index to);
  void send_message(Index from, Index to, Message message);
  void endanger(Index from, Index to, const Message& message);
  void break_soon(Index from, Index to, Duration after);
  void end_connection(Index from, Index to, std::uint64_t id);

  // --- clients (replication_clients.cc) ---
  void start_clients();
  void schedule_client(std::size_t client);
  void begin_operation(std::size_t client);
  void attempt(std::size_t number);
  void try_again(std::size_t number, std::size_t attempts, Duration pause);
  bool tries_again(std::size_t number, const Answer& answer);
  std::uint64_t operation_number(std::size_t client);
  Kind any_kind();
  bool is_lost(Number number) const;
  bool are_all_lost() const;
  void execute(Index at, std::size_t number, diststore::replication::OperationId id, bool is_again);
  void read(Index at, std::size_t number);
  void read_as_a_scan(Index at, std::size_t number);
  void end_scan(std::size_t number, Answer answer);
  void write(Index at, std::size_t number, diststore::replication::OperationId id, bool is_again);
  void answer_soon(Index at, Answer answer);
  void finish(std::size_t number, const Answer& answer, int value_read);
  void end_operation(std::size_t number);
  void note_done(Operation& operation, const Answer& answer, int value_read);
  StoreOperation& entry(const Operation& operation, std::size_t which) {
    return keys_[operation.keys[which]].history[operation.entries[which]];
  }

  // --- what must be (replication_invariants.cc) ---
  void check() override;
  void on_decided(const cluster::ClusterMap& map) override;
  void divide_operations(Number number);
  void check_serving();
  void check_expiries();
  void check_answers(Index at, const Effects& effects);
  std::string why_not_swept() const;
  void check_copies(Index at);
  void check_copy(Index at, Number number);
  std::string why_copies_differ() const;
  std::string copy_differs(Index at, Number number) const;
  std::string why_store_not_at_rest() const;
  void check_histories();
  static bool has_erase_since(const Key& key, TimePoint begun);
  void check_reads_of_copies(Index at);
  void check_read_of_copy(Index at, Key& key, TimePoint known_at);

  std::uint32_t partitions_;
  bool is_durable_ = false;
  diststore::replication::ReplicationOptions replication_options_;
  std::map<Index, std::unique_ptr<Store>> stores_;
  std::map<std::pair<Index, Index>, Connection> connections_;
  std::uint64_t connection_ids_ = 0;
  std::vector<Key> keys_;
  std::map<std::string, std::size_t, std::less<>> key_numbers_;
  std::vector<Operation> operations_log_;
  std::vector<Client> clients_;
  std::vector<cluster::Epoch> born_;
  std::uint64_t maps_checked_ = 0;
  int last_value_ = 0;
  bool clients_stop_ = false;
  double stall_ = 0;
  double slow_read_ = 0;
  double expires_ = 0;
  double named_ = 0;    // of writes
  double delayed_ = 0;  // of attempts
  double crash_at_sync_ = 0;
  double danger_ = 0;
  Duration think_max_{};
  std::size_t operations_ = 0;
  std::size_t acknowledged_count_ = 0;
};

}  // namespace p2p::sim
