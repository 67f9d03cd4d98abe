// A whole agreed cluster in virtual time: members of the product's own core, on clocks that drift, disks that forget
// what was not synced, and a network that loses, delays, doubles and cuts. What may never be is looked for after every
// event.
#pragma once

#include "cluster_host.h"
#include "virtual_time.h"

#include "cluster/member/cluster_member.h"
#include "cluster/member/recovery_plan.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace p2p::sim {

struct ClusterWorldOptions {
  std::uint64_t seed = 1;
  std::size_t nodes = 0;  // 0: three to nine, by the seed
  std::uint32_t partitions = 8;
  Duration troubled_for = std::chrono::seconds(12);  // then all is healed
  bool is_scripted = false;                          // nothing goes wrong but what scripts do
  bool recovers = false;                             // majorities are lost, and operators go on without (J5)
  bool voters_look = true;                           // at members that they have not heard of for a while
  bool traces = false;
  // Faults that do not happen, by their numbers, and how many draws come in place of each (cluster_smallest.h).
  std::map<std::uint64_t, unsigned> without = {};
  std::optional<cluster::Durability> durability = {};  // nothing: by the seed
};

// replication_world.h gives its nodes data.
class ClusterWorld {
 public:
  explicit ClusterWorld(const ClusterWorldOptions& options);
  virtual ~ClusterWorld() = default;

  // What was not as it must be; empty: all was.
  std::vector<std::string> run();

  // For scripts.
  std::vector<std::string> run_for(Duration duration);  // what was not as it must be until now
  void kill(std::size_t node);                          // for good
  void break_link(std::size_t one, std::size_t other);  // both ways, for good
  // Whether all nodes that run know the same map, and are up in it; and nobody else is.
  bool agree() const;
  std::shared_ptr<const cluster::ClusterMap> newest() const { return newest_; }
  std::size_t machine_of(cluster::Slot slot) const { return index_of(newest_->at(slot).id); }

  const std::vector<std::string>& timeline() const { return timeline_; }
  std::uint64_t trace_hash() const { return trace_hash_; }
  std::uint64_t events() const { return time_.events_so_far(); }
  std::uint64_t faults() const { return faults_; }  // that happened, or were left out
  std::size_t generations_opened() const { return generations_opened_; }
  // Whoever knew the network is gone for good, or has begun anew for a recovery whose members then were.
  bool is_lost() const;
  cluster::Epoch epoch() const { return newest_ == nullptr ? 0 : newest_->epoch; }

 protected:
  using Index = std::size_t;

  // A machine: what outlives its process.
  struct Machine {
    cluster::NodeId id;
    NodeAddress address;
    std::uint64_t boots = 0;          // on disk before anything else (B1)
    cluster::SavedAgreement on_disk;  // synced
    std::deque<std::pair<cluster::SaveId, cluster::SavedAgreement>> unsynced;
    std::vector<std::string> services;  // that its process runs
    std::vector<cluster::NodeId> via;   // whom it asks to be let in; none: all others
    double clock_rate = 1;
    Duration clock_offset{};
    cluster::Epoch acted_by = 0;  // the newest open map that a process of it knew; after a crash the one on disk
    bool is_gone = false;         // its disk was lost: another id took its place, or none
    TimePoint gone_at{};
    // The process, and its life.
    std::unique_ptr<SimulatedHost> host;
    std::unique_ptr<cluster::ClusterMember> member;
    std::uint64_t life = 0;  // rises with each start and end
    bool is_paused = false;
    TimePoint paused_until{};
    std::vector<std::function<void()>> held;  // arrived during a pause
    TimePoint wakes_at = TimePoint::max();    // scheduled
    TimePoint saved_last{};
    std::map<cluster::NodeId, TimePoint> heard_at;  // by requests
    std::map<cluster::NodeId, std::uint64_t> boots_heard;
  };

  // --- machines (cluster_world.cc) ---
  Index add_machine();
  void start(Index at);
  void crash(Index at, Duration for_so_long);
  void pause(Index at, Duration for_so_long);
  void lose_disk(Index at);
  void begin_anew(Index at);
  virtual std::unique_ptr<SimulatedHost> make_host(Index) { return std::make_unique<ClusterHost>(time_); }
  virtual void on_crash(Index) {}
  TimePoint local(Index at) const;
  void on_machine(Index at, TimePoint when, std::function<void()> what);
  void deliver(Index at, std::uint64_t life, std::function<void()> what);
  void apply(Index at, cluster::MemberEffects& effects);
  void schedule_tick(Index at);
  void save(Index at, cluster::AgreementEffects::Save save);

  // --- the network (cluster_network.cc) ---
  void send(Index from, Index to, cluster::MemberRequest request);
  void answer(Index from, cluster::AgreementEffects::Answer answer);
  void carry(Index from, Index to, std::function<void()> arrive);
  void probe(Index from, Index to);
  void probe_the_silent(Index at);
  bool is_cut(Index from, Index to) const { return cut_[from][to]; }
  void cut(Index from, Index to, Duration for_so_long);
  Index index_of(const cluster::NodeId& id) const { return id.low - 1; }

  // --- what goes wrong (cluster_faults.cc) ---
  void set_up();
  void schedule_fault();
  void fault();
  bool can_lose_disk(Index at) const;
  void replace_voters_behind_a_lease();
  void schedule_request();
  void request_something();
  void switch_services();
  void suggest(cluster::Request request);
  void heal();
  Index any_machine();
  Duration a_while();

  // --- operators (cluster_recoveries.cc) ---
  void schedule_disaster();
  void disaster();
  Duration confide(const std::vector<Index>& victims, const std::vector<Index>& others);
  void lose(const std::vector<Index>& victims, const std::vector<Index>& others);
  void give_away(Index at);
  bool goes_on(Index at) const;
  void operate();
  bool survey_at(Index at);
  void recover_at(Index at, const std::vector<cluster::NodeId>& named, const cluster::Answers& answers);
  void recover_without_the_irreconcilable();
  void look_after();
  void refresh_newest();
  bool can_speak(Index from, Index to) const;
  bool may_go_on_apart(const cluster::ClusterMap& older, const cluster::ClusterMap& newer) const;

  // --- what must be (cluster_invariants.cc) ---
  virtual void check();
  virtual void on_decided(const cluster::ClusterMap&) {}  // the first time that anybody knows it
  void note_decision(Index at, const cluster::Decision& decision);
  void note_recovery(Index at, const cluster::ClusterMap& map);
  void check_history(Index at, const cluster::ClusterMap& map);
  bool is_past(cluster::Epoch epoch, cluster::Epoch of) const;
  void check_leases();
  std::string who_holds(const cluster::Partition& partition) const;
  bool knows_only_lost_nodes(const cluster::ClusterMap& map, Index at) const;
  std::string why_not_at_rest() const;  // empty: all is as it has to be once nothing is wrong any more
  void violate(std::string what);
  void trace(const std::string& line);

  ClusterWorldOptions options_;
  VirtualTime time_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::vector<int>> cut_;  // how many cuts there are from one to another
  std::uint64_t requests_ = 0;
  std::uint64_t faults_ = 0;
  enum class Emphasis : std::uint8_t { anything, duels, leases, voters };
  Emphasis emphasis_ = Emphasis::anything;
  double loss_ = 0;
  double long_delay_ = 0;
  double crash_after_sync_ = 0;
  bool others_look_ = false;
  double odd_request_ = 0;  // requests that no planner would make
  bool loses_disks_ = false;
  bool lost_a_disk_ = false;
  bool is_healed_ = false;
  std::map<cluster::Epoch, std::shared_ptr<const cluster::ClusterMap>> decided_;
  std::shared_ptr<const cluster::ClusterMap> newest_;
  struct RecoveryMade {
    cluster::Epoch from = 0;
    TimePoint begun_at{};
    std::set<cluster::NodeId> survivors;  // that have left for it
  };
  std::map<cluster::Epoch, RecoveryMade> recoveries_;  // by place
  std::size_t generations_opened_ = 0;
  Index touched_ = 0;
  std::vector<std::string> broken_;
  std::vector<std::string> timeline_;
  std::uint64_t trace_hash_ = 0xcbf29ce484222325;
};

}  // namespace p2p::sim
