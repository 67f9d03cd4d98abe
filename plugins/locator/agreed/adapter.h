// How does the locator's shell run a member of an agreed cluster? Here the core's messages become calls, its decisions
// changes of the ring, and its saves files; and a node finds its way into a network, and out of it.
#pragma once

#include "agreed/disk/node_folder.h"
#include "agreed/founders.h"
#include "agreed/founding_by_hand.h"
#include "agreed/heard_members.h"
#include "agreed/holder_host.h"
#include "agreed/keeping.h"
#include "agreed/lease_watch.h"
#include "agreed/newcomers.h"
#include "agreed/observer.h"
#include "agreed/process_ends.h"
#include "agreed/recovery_survey.h"
#include "agreed/requests_in_hand.h"
#include "agreed/terms.h"
#include "agreed/watchers.h"
#include "agreed/wire/messages.h"
#include "cluster/member/cluster_member.h"
#include "membership/membership.h"

#include <p2p/repeated_warnings.h>
#include <p2p/units.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace p2p::agreed {

// Whoever waits for a network asks the one that is to found it so often; the one that is to let it in ever less.
inline constexpr Duration kAskAgain = std::chrono::milliseconds(150);
// Back-off of the same towards one that refuses.
inline constexpr Duration kAskRefused = std::chrono::seconds(2);
// A node that remembers a network tries its members so often, and so many at once.
inline constexpr Duration kReturnEvery = std::chrono::milliseconds(250);
inline constexpr std::size_t kReturnAskedMax = 64;
// All members refuse connects for so long: the network has ended, as far as one machine can tell (J6). Those that were
// started with this node listen before.
inline constexpr Duration kAloneFor = std::chrono::seconds(2);
// J1: clocks that differ more make logs and times to live worthless.
inline constexpr std::chrono::milliseconds kClocksDifferMax = std::chrono::minutes(1);
// What a joiner is told of a clock that is far off.
inline constexpr std::chrono::seconds kApartSaidMax = std::chrono::hours(24 * 365);
// J2: what a node of another network is refused for.
inline constexpr const char* kOtherNetwork = "network";
// What a node waits for in its first moments is not worth a line.
inline constexpr Duration kWaitUnsaid = std::chrono::seconds(1);
// J3: a node that leaves waits no longer for the map to let it go.
inline constexpr Duration kLetGoMax = std::chrono::seconds(3);

bool is_loopback(const NodeAddress& address);

// Why a program that knows only `known` can be no member where `in_force` is (M7).
std::string outgrown(std::uint32_t in_force, std::uint32_t known);

class Adapter final : public membership::Membership {
 public:
  struct Options {
    NodeAddress address;
    cluster::Member description;  // zone, weight, services, holds_partitions, feature_level
    bool is_weight_set = false;   // by the operator, and not the default
    cluster::Terms terms;         // the clock aside
    cluster::Policy policy;
    cluster::LeaseRules rules;
    Duration call_timeout{};
    std::size_t expect = 1;  // members that the network has before this node is ready
    bool found = false;      // an operator's --found (J6)
    // All members left it, this node among them: it is founded anew, and stragglers are told so (J3). Empty: none.
    cluster::ClusterId ended_network = {};
    // Why the identity before this one ended, whose network goes on; nothing: there was none, or this one is in
    // already.
    std::optional<std::string> retired_because = {};
  };

  struct Environment {
    // What decides on the maps of the network: `saved` is what it had on disk.
    std::function<std::unique_ptr<cluster::Agreement>(const cluster::Member& self, const cluster::LeaseRules& rules,
                                                      cluster::SavedAgreement saved, TimePoint now)>
        make_agreement;
    // The thread of the disk; each is answered by saved(), retired(), disk_failed() or disk_closed().
    std::function<void(cluster::SaveId id, const cluster::SavedAgreement& what)> save;
    // `network`: ended, and is succeeded by what this node founds next; empty: it goes on.
    std::function<void(const std::string& reason, const cluster::ClusterId& network)> retire;
    std::function<void(const cluster::ClusterId& network, const std::string& reason)> mark_network_end;
    std::function<void()> resume_saves;
    std::function<std::chrono::milliseconds()> wall_clock;
    std::function<cluster::ClusterId()> draw_cluster_id;
    std::function<std::shared_ptr<const RingView>(std::shared_ptr<const cluster::ClusterMap>,
                                                  const cluster::NodeId& self)>
        make_view;
    std::function<void()> progressed;  // while this node leaves
    // This node can promise nothing any more, and has to end.
    std::function<void(const Error& why)> end_node;
    // Is told what operators may want to know; never null.
    std::shared_ptr<ClusterObserver> observer = std::make_shared<ClusterObserver>(wall_clock);
  };

  Adapter(Options options, Environment environment, const Identity& self, cluster::SavedAgreement saved, TimePoint now);

  // --- Membership ---
  void join(const NodeAddress& via, Duration patience, TimePoint now, membership::Effects& effects) override;
  // Whoever founds by hand looks for none, either.
  bool remembers_network() const override { return stage_ != Stage::looking; }
  void enter(const std::optional<NodeAddress>& via, TimePoint now, membership::Effects& effects) override;
  void call_ended(membership::CallId id, const Result<std::string>& reply, TimePoint now,
                  membership::Effects& effects) override;
  void report(const membership::Evidence& evidence, TimePoint now, membership::Effects& effects) override;
  Result<Done> merge_table(std::string_view table, TimePoint now, membership::Effects& effects) override;
  void run_services(std::vector<std::string> names, TimePoint now, membership::Effects& effects) override;
  void withdraw(TimePoint now, membership::Effects& effects) override;
  void leave(TimePoint now, membership::Effects& effects) override;
  void halt() override;
  void tick(TimePoint now, membership::Effects& effects) override;
  TimePoint next_wakeup() const override;
  void waits_for(std::vector<NodeAddress> others) override { waits_for_ = std::move(others); }
  void note_joined() override {}
  std::vector<NodeAddress> members() const override;
  std::string encode_table() const override;

  // --- what other members ask ---
  void on_request(const cluster::Sender& from, const cluster::ClusterId& cluster, cluster::MemberRequest request,
                  cluster::wire::Respond respond, TimePoint now, membership::Effects& effects);
  void on_join(const cluster::Sender& from, cluster::Member joiner, const cluster::Terms& terms,
               cluster::wire::Respond respond, TimePoint now, membership::Effects& effects);
  void on_watch(cluster::wire::Respond respond, TimePoint now);
  // What an operator asks of the cluster; wanted by this node until it is done or `until`.
  void on_order(const cluster::Request& order, TimePoint until, TimePoint now, membership::Effects& effects);
  // An operator goes on without a majority of the voters (J5). `told` is called once, unless the node ends before.
  void on_recover(RecoveryOrder order, TellRecovery told, TimePoint now, membership::Effects& effects);
  // The operator has changed what the configuration says of this node; without a weight the map's stays.
  void on_place(const std::string& zone, std::optional<std::uint32_t> weight, TimePoint now,
                membership::Effects& effects);
  // --- the service that holds the data of partitions (M6) ---
  // Null: there is none any more.
  void on_holder(std::string service, std::shared_ptr<PartitionHolder> holder, TimePoint now,
                 membership::Effects& effects);
  void compare_maps(PartitionNode node, membership::Effects& effects);

  // Watches are answered from now on as they come: the node waits for its calls.
  void end_watches();

  // --- the disk ---
  void saved(cluster::SaveId highest, TimePoint now, membership::Effects& effects);
  void retired(const Identity& self, const std::string& where, TimePoint now, membership::Effects& effects);
  void disk_failed(const Error& error, membership::Effects& effects);
  void network_end_marked(membership::Effects& effects);

  // Of the newest map that the ring shows. [any thread]
  std::int64_t epoch() const noexcept { return epoch_.load(std::memory_order_relaxed); }
  std::int64_t voters() const noexcept { return voters_.load(std::memory_order_relaxed); }

  // Until when this node may act as the owner of its keys. [any thread]
  TimePoint lease_held_until() const noexcept { return lease_held_until_.load(std::memory_order_acquire); }

  // ILocator::newest_map(). The moment is looked at first: the epoch is then that one's, or a later one, of which less
  // is said. [any thread]
  NewestMap newest_map() const noexcept {
    const TimePoint at = newest_at_.load(std::memory_order_acquire);
    return {.epoch = newest_epoch_.load(std::memory_order_acquire), .at = at};
  }

  // In force in the cluster, as far as this node knows (M7); 0: it knows no map. [any thread]
  std::uint32_t level_in_force() const noexcept { return level_in_force_.load(std::memory_order_relaxed); }

 private:
  enum class Stage : std::uint8_t {
    returning,  // it was a member, and looks for the others
    looking,    // discovery asks whom it knows
    entering,   // it waits to be let in, or for the founder
    inside,
    leaving,
    retiring,  // it takes on a new identity
    over,      // it has left, or cannot promise anything any more
  };

  enum class Purpose : std::uint8_t { message, watch, join, reach_back };

  struct Awaited {
    Purpose purpose = Purpose::message;
    NodeAddress to;
    ProcessEnds::Tried tried = {};
    cluster::NodeId newcomer = {};  // reach_back
    bool is_look = false;           // why another call failed
    bool is_survey = false;         // for an operator's recovery
  };

  bool is_member() const { return stage_ == Stage::inside || stage_ == Stage::leaving; }
  std::shared_ptr<const cluster::ClusterMap> map() const { return member_->map(); }
  cluster::ClusterId cluster_id() const;
  cluster::Slot self_slot() const;
  bool is_in_map() const;  // in this boot, and up

  // --- messages (adapter.cc) ---
  void begin(const Identity& self, cluster::SavedAgreement saved, TimePoint now);
  // Lets the core act, and after it whatever this node has asked itself.
  using Act = std::function<void(cluster::ClusterMember& member, cluster::MemberEffects& wanted)>;
  void with_member(TimePoint now, membership::Effects& effects, const Act& act);
  void apply(cluster::MemberEffects wanted, TimePoint now, membership::Effects& effects);
  bool is_outgrown() const;
  void give_up(const Error& why, membership::Effects& effects);
  void answer(cluster::RequestId id, const cluster::Reply& reply);
  void send(const cluster::NodeId& to, const cluster::MemberRequest& request, membership::Effects& effects);
  std::string encoded(const cluster::MemberRequest& request);
  std::optional<NodeAddress> address_of(const cluster::NodeId& node) const;
  void call(Awaited awaited, std::string message, Duration deadline, membership::Effects& effects);
  ProcessEnds::Tried tried(const cluster::NodeId& node) const;
  void fetch_from(const NodeAddress& to, const cluster::NodeId& node, membership::Effects& effects);

  void answered(const Awaited& call, const cluster::wire::Replied& replied, TimePoint now,
                membership::Effects& effects);
  // Whom it has called refuses this node; or this node that answer.
  void refused(const Awaited& call, const cluster::Refused& why, TimePoint now, membership::Effects& effects);
  void disregarded(const Awaited& call, const cluster::Refused& why, TimePoint now, membership::Effects& effects);
  void turned_down(const Awaited& call, const std::string& text, TimePoint now, membership::Effects& effects);
  void failed(const Awaited& call, const Error& error, TimePoint now, membership::Effects& effects);
  std::optional<cluster::Refused> objection(const cluster::Sender& from, const cluster::ClusterId& cluster) const;

  void on_decision(const cluster::Decision& decision, membership::Effects& effects);
  void note_removed(const cluster::ClusterMap& by);
  void watch_members(TimePoint now, membership::Effects& effects);
  void answer_watchers(TimePoint now);
  void publish_lease();
  void publish_newest_map(bool is_member);
  void tell_services_known(membership::Effects& effects);
  void note_holder();
  void watch_lease(TimePoint now, membership::Effects& effects);

  // --- recovery (recovering.cc) ---
  void note_surveyed(const Awaited& call, const cluster::wire::CallEnd& end);
  void advance_recovery(TimePoint now, membership::Effects& effects);
  void end_survey(TimePoint now, membership::Effects& effects);
  bool is_of_other_recovery(const cluster::ClusterMap& next) const;
  void note_generation(const std::shared_ptr<const cluster::ClusterMap>& map, membership::Effects& effects);
  void say_recovery(const cluster::ClusterMap& next, membership::Effects& effects);
  void leave_void_history(membership::Effects& effects);
  std::string text_of_recovery() const;

  // --- founding (founding.cc) ---
  void found(TimePoint now, membership::Effects& effects);
  bool has_ended_here(TimePoint now) const;
  void say_by_hand(membership::Effects& effects);
  std::optional<NodeAddress> whoever_answers() const;
  bool is_nobody_there(TimePoint now) const;
  bool founds_instead(TimePoint now, membership::Effects& effects);

  // --- the way in and out (passage.cc) ---
  void join_ended(const Awaited& call, const cluster::wire::Replied& replied, TimePoint now,
                  membership::Effects& effects);
  void join_failed(const NodeAddress& via, const Error& error, TimePoint now, membership::Effects& effects);
  void advance(TimePoint now, membership::Effects& effects);
  void advance_entry(TimePoint now, membership::Effects& effects);
  void advance_return(TimePoint now, membership::Effects& effects);
  void advance_leaving(TimePoint now, membership::Effects& effects);
  void ask_to_join(const NodeAddress& via, Duration deadline, membership::Effects& effects);
  void become_inside(membership::Entry entry, membership::Effects& effects);
  // `ended`: its network, which the next identity's succeeds, also after a crash in between; empty: it goes on.
  void retire(const std::string& reason, membership::Effects& effects, const cluster::ClusterId& ended = {});
  bool is_asking_others() const;
  bool has_network_ended() const;
  bool is_end_known() const;
  bool is_settled(TimePoint now) const;
  void say_wait(TimePoint now, membership::Effects& effects);
  std::optional<cluster::Refused> objection(const cluster::Member& joiner, const cluster::Terms& terms) const;
  void reach_back(Newcomers::Newcomer newcomer, membership::Effects& effects);
  void reached(const cluster::NodeId& id, bool is_reached, const std::string& why, TimePoint now,
               membership::Effects& effects);
  void introduce(Newcomers::Newcomer newcomer, TimePoint now, membership::Effects& effects);
  void warn(const std::string& text, TimePoint now, membership::Effects& effects);

  const Options options_;
  const Environment environment_;
  HolderHost host_;
  cluster::Member description_;  // of this node, whatever its identity
  bool is_weight_set_;
  bool services_are_pending_ = false;  // the host waits for the map to show them
  cluster::Member self_;
  std::unique_ptr<cluster::ClusterMember> member_;
  std::shared_ptr<const cluster::ClusterMap> shown_;  // the map that the ring shows
  std::map<cluster::NodeId, NodeAddress> removed_;    // members, by the change that made it
  std::shared_ptr<const cluster::ClusterMap> known_;  // the newest, of this node's network, also if it is no member
  std::string why_no_member_;                         // of that map; empty: it was down for too long
  std::optional<RecoverySurvey> survey_;
  std::optional<std::pair<TellRecovery, RecoveryTold>> recovery_told_;  // to be, when it is on disk
  Stage stage_ = Stage::looking;
  std::atomic<TimePoint> lease_held_until_{TimePoint::min()};
  std::atomic<TimePoint> newest_at_{TimePoint::min()};
  std::atomic<std::uint64_t> newest_epoch_{0};
  std::atomic<std::uint32_t> level_in_force_{0};
  std::atomic<std::int64_t> epoch_{0};
  std::atomic<std::int64_t> voters_{0};

  membership::CallId last_call_ = 0;
  std::map<membership::CallId, Awaited> awaited_;
  RequestsInHand requests_;
  std::shared_ptr<const cluster::MapUpdate> announced_;  // of the last call that was encoded
  std::string announcement_;
  Keeping keeping_;

  ProcessEnds ends_;
  std::set<cluster::NodeId> watched_;
  Watchers watchers_;
  Newcomers newcomers_;
  HeardMembers heard_;

  Founders founders_;
  std::vector<NodeAddress> waits_for_;
  std::optional<NodeAddress> entered_via_;
  bool was_undecided_ = false;  // it had accepted a change when it ended, which may be decided
  ByHand by_hand_ = ByHand::no;
  bool has_said_by_hand_ = false;
  bool founds_next_ = false;  // by hand, with its next identity
  bool has_founded_ = false;
  bool has_entered_ = false;
  std::vector<NodeAddress> networked_;  // were seen to be part of a network: while one is known, none is founded
  cluster::ClusterId succeeds_;         // the network that ended here (J3, J6)
  std::size_t asked_of_ = 0;            // of the members of a map, in turn
  bool is_asking_ = false;              // to be let in
  TimePoint ask_at_ = TimePoint::min();
  std::size_t asks_ = 0;  // to be let in
  TimePoint return_at_ = TimePoint::min();
  TimePoint began_at_;
  TimePoint let_go_until_ = TimePoint::max();
  bool has_withdrawn_ = false;
  bool is_network_ending_ = false;
  std::string said_wait_;
  LeaseWatch lease_watch_;  // inside
  RepeatedWarnings warnings_;
};

}  // namespace p2p::agreed
