// What does a node of an agreed cluster do with what happens? The whole of a member but its shell: agreement,
// coordinator, and what this node is for each partition. One for each node; no clock, socket, file or thread of its
// own.
#pragma once

#include "cluster/agreement.h"
#include "cluster/member/coordinator.h"
#include "cluster/member/messages.h"
#include "cluster/member/orders.h"
#include "cluster/member/reports.h"
#include "cluster/partition_host.h"
#include "cluster/planner/planner.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace p2p::cluster {

// After so long without a decision the next voter is asked (A4).
inline constexpr Duration kCoordinatorPatience = std::chrono::milliseconds(150);
// A primary that has consented, and about which nothing was decided, asks for a term of its own (H1).
inline constexpr Duration kConsentMax = std::chrono::seconds(2);
// Each further one after twice that, but what is urgent may come between: at most after so many doublings.
inline constexpr std::size_t kPatienceDoublingsMax = 2;
// The planner is asked with each map, and as often without one: time alone may have made something due.
inline constexpr Duration kPlanEvery = std::chrono::seconds(1);
// Nodes come in crowds: copies are planned when nobody has joined for so long, as each joiner changes what every member
// should hold; after so long at the latest.
inline constexpr Duration kJoinsSettle = std::chrono::milliseconds(200);
inline constexpr Duration kJoinsSettleMax = std::chrono::seconds(2);
// A primary that cannot stop serving gives the hand-over up (H1).
inline constexpr Duration kStopMax = std::chrono::seconds(1);

// A member that is to come up has been answered so lately by a majority of the voters: each answers four renewals in a
// lease.
inline constexpr Duration kReachedLately = std::chrono::milliseconds(750);

// A member that answers, and lets nobody in, is asked so often before another one.
inline constexpr std::size_t kJoinAsksMax = 10;

// A member without a lease may know voters that vote no more, and are gone: it asks any other for a newer map, one
// after the other, so often.
inline constexpr Duration kAskAroundEvery = std::chrono::milliseconds(300);

// From this feature level on a member may say that it takes no further copies: one that does not know the word would
// make another map of it (M7).
inline constexpr std::uint32_t kTakesCopiesLevel = 2;

struct MemberEffects {
  struct Call {
    NodeId to;  // may be this node
    MemberRequest request;
  };

  std::vector<Call> calls;
  std::vector<AgreementEffects::Answer> answers;
  std::vector<AgreementEffects::Save> saves;
  std::vector<Decision> decisions;
};

class ClusterMember final {
 public:
  // `self`: what this node says of itself when it joins. `host` outlives this.
  ClusterMember(Member self, const LeaseRules& rules, const Policy& policy, std::unique_ptr<Agreement> agreement,
                PartitionHost& host, TimePoint now);

  // Founds a network of its own. Only without a map.
  void found(const Founding& founding, TimePoint now, MemberEffects& effects);
  // Asks these members to be let in, in turn, until one does. Only without a map.
  void join(std::vector<NodeId> via) { joins_via_ = std::move(via); }
  // What this node says of itself from now on: it asks until the map shows it (M6).
  void run(std::vector<std::string> services) { self_.services = std::move(services); }
  void hold_partitions(bool holds) { self_.holds_partitions = holds; }
  // What its operator says of it. A weight is asked for until the map has shown it, and may be another after that.
  void place(std::string zone, std::optional<std::uint32_t> weight);
  // The map shows the services that this node runs. False without a map.
  bool is_known_to_run() const;
  // Leaves: what it holds goes to others (J3). It stays a member until it is let go, too; the map shows both.
  void leave() { is_leaving_ = true; }
  void let_go() { is_let_go_ = true; }

  // An operator's: this node asks for it, as for its own, until it is done or `until`.
  void order(const Request& request, TimePoint now, TimePoint until) { orders_.add(request, now, until); }

  void on_request(const Sender& from, MemberRequest request, RequestId id, TimePoint now, MemberEffects& effects);
  void on_reply(const Sender& from, Reply reply, TimePoint now, MemberEffects& effects);
  void on_saved(SaveId id, TimePoint now, MemberEffects& effects);
  // As Recoverable::recover(), which there is.
  Result<Done> recover(const Recovery& recovery, TimePoint now, MemberEffects& effects);

  // Proof that the process of `node` with `boot`, and all before it, have ended (L4): its connections broke, and a
  // connect that began when this boot was the highest known was refused, or another boot answered it. The other voters
  // are told (E1).
  void on_ended(const NodeId& node, std::uint64_t boot, TimePoint now, MemberEffects& effects);

  void tick(TimePoint now, MemberEffects& effects);
  TimePoint next_wakeup() const;

  std::shared_ptr<const ClusterMap> map() const { return agreement_->latest(); }
  Sender sender() const;  // for each message
  // This node may answer clients for the partition: primary by its newest map, under its lease, without consent.
  bool serves(PartitionNumber partition, TimePoint now) const;
  const Agreement& agreement() const { return *agreement_; }
  // Null: this cluster has other ways.
  const Recoverable* recoverable() const { return agreement_->recoverable(); }

  void check() const { agreement_->check(); }

 private:
  struct Handover {
    Epoch term = 0;
    NodeId to;
    TimePoint begun_at{};
    std::optional<TimePoint> consented_at = std::nullopt;
  };

  void answer(const Sender& from, const FetchMap&, RequestId id, TimePoint, MemberEffects& effects) {
    reply(from, id, effects);
  }
  void answer(const Sender& from, Suggest& suggest, RequestId id, TimePoint now, MemberEffects& effects);
  void answer(const Sender& from, AskToJoin& ask, RequestId id, TimePoint now, MemberEffects& effects);
  void answer(const Sender& from, BeginHandOver& hand_over, RequestId id, TimePoint now, MemberEffects& effects);
  void answer(const Sender& from, Report& report, RequestId id, TimePoint now, MemberEffects& effects);
  void answer(const Sender& from, Unheard& unheard, RequestId id, TimePoint now, MemberEffects& effects);
  void reply(const Sender& from, RequestId id, MemberEffects& effects) const;
  void give_up(const Request& request);

  void absorb(AgreementEffects& from, TimePoint now, MemberEffects& effects);
  void on_decision(const Decision& decision, TimePoint now);
  void tell_host(TimePoint now);
  void note_joins(TimePoint now);
  bool awaits_more_joins(TimePoint now) const;
  void coordinate(TimePoint now, MemberEffects& effects);
  void plan(TimePoint now, MemberEffects& effects);
  void begin_hand_overs(const std::vector<HandOver>& wanted, MemberEffects& effects);
  std::optional<Change> next_change(TimePoint now, MemberEffects& effects);
  void suggest(TimePoint now, MemberEffects& effects);
  void report(TimePoint now, MemberEffects& effects);
  std::vector<Request> wanted(TimePoint now) const;
  Up said() const;
  void add_wanted_of_member(std::vector<Request>& all, TimePoint now) const;
  void add_description(const Member& known, std::vector<Request>& all) const;
  void add_wanted_of_lost(std::vector<Request>& all) const;
  void add_wanted_of_primary(std::vector<Request>& all, TimePoint now) const;
  Slot heir_of(PartitionNumber number) const;
  void hand_over_lost(TimePoint now);
  void advance_handovers(TimePoint now);
  void ask_to_join(TimePoint now, MemberEffects& effects);
  void ask_around(TimePoint now, MemberEffects& effects);
  void tell_unheard(TimePoint now, MemberEffects& effects);
  bool reaches_majority(TimePoint now) const;
  Duration tick_pause(TimePoint now) const;
  Slot self_slot() const;
  Assignment assignment(PartitionNumber number, Slot self) const;

  Member self_;
  PartitionHost& host_;
  std::unique_ptr<Agreement> agreement_;
  Coordinator coordinator_;
  Planner planner_;
  TimePoint planned_at_ = TimePoint::min();
  std::size_t members_ = 0;  // of the newest map
  TimePoint joined_at_ = TimePoint::min();
  TimePoint joins_began_at_ = TimePoint::min();  // the first of those that came together
  std::optional<SetVoters> voters_wanted_;
  std::vector<HandOver> hand_overs_;  // that this node, as coordinator, has asked for
  std::optional<std::uint32_t> weight_wanted_;
  bool is_leaving_ = false;
  bool is_let_go_ = false;
  std::vector<NodeId> joins_via_;
  std::size_t joins_at_ = 0;
  std::size_t joins_asked_ = 0;                        // of that one, in a row
  std::unordered_map<NodeId, TimePoint> answered_at_;  // by voters
  std::vector<NodeId> unheard_;                        // as the other voters were told
  TimePoint unheard_told_at_ = TimePoint::min();
  TimePoint asked_around_at_ = TimePoint::min();
  std::size_t asked_around_ = 0;
  std::size_t introduced_ = 0;           // joiners, each to the next voter
  bool joins_answered_ = true;           // by a member, since it was last asked
  std::vector<Assignment> assignments_;  // that the host knows, by partition
  bool has_learners_ = false;            // of partitions that this node is primary of
  std::map<PartitionNumber, Handover> handovers_;
  Orders orders_;
  Reports reports_;
  Looks looks_;  // as a voter
  TimePoint suggested_at_ = TimePoint::min();
  std::size_t suggested_to_ = 0;  // so many voters in turn, since the last decision; 0: nothing is wanted
  bool was_asked_ = false;        // since the last decision, as coordinator
  TimePoint ticked_at_ = TimePoint::min();
  TimePoint ticked_for_;  // when the next tick is due at the latest
};

}  // namespace p2p::cluster
