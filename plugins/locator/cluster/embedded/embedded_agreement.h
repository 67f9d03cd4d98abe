// How do the members agree without anybody else (cluster.md 2 and 3)? Voters decide each epoch by Paxos and grant
// leases; every member learns what is decided and renews its lease. One for each node; no clock, socket, file or thread
// of its own.
#pragma once

#include "cluster/agreement.h"
#include "cluster/embedded/granter.h"
#include "cluster/embedded/history.h"
#include "cluster/embedded/holder.h"
#include "cluster/embedded/lease_rules.h"
#include "cluster/embedded/messages.h"
#include "cluster/embedded/proposer.h"
#include "cluster/embedded/voter.h"
#include "cluster/map/recover.h"

#include <p2p/units.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace p2p::cluster {

// A voter that has accepted and learnt nothing for so long decides the slot itself (A4); each waits this much longer
// than the voter before it, so that one of them is alone.
inline constexpr Duration kUndecidedMax = std::chrono::milliseconds(300);
inline constexpr Duration kUndecidedStep = std::chrono::milliseconds(60);
// All of them have had their turn before a lease ends: until the slot is decided, nobody may be granted one (L5).
inline constexpr std::size_t kUndecidedDoublingsMax = 1;

// A survivor of a recovery that has not left the former generation yet is asked so often.
inline constexpr Duration kConfirmEvery = std::chrono::milliseconds(200);
// A survivor that knows more has the map made anew, from what it knows. After so many it learns faster than it leaves:
// whoever decides there is no lost majority.
inline constexpr std::size_t kDecreesMax = 16;

// Names the asker's request; the reply carries it back. Given by whoever delivers the request.
using RequestId = std::uint64_t;
using SaveId = std::uint64_t;

// What is on disk.
struct SavedAgreement {
  std::shared_ptr<const ClusterMap> map;  // null: none yet
  VoterState voter;
};

struct AgreementEffects {
  struct Call {
    NodeId to;  // may be this node
    AgreementRequest request;
  };
  struct Answer {
    RequestId to = 0;
    Reply reply;
  };
  struct Save {
    SaveId id = 0;  // comes back in on_saved() when this, and all saves before it, are on disk and synced
    SavedAgreement what;
    bool is_awaited = false;  // something is said or done once it is on disk; else it only brings a newer map
  };

  std::vector<Call> calls;
  std::vector<Answer> answers;
  std::vector<Save> saves;
  std::vector<Decision> decisions;
};

class EmbeddedAgreement final : public Agreement {
 public:
  struct Self {
    NodeId id;
    Boot boot;
  };
  EmbeddedAgreement(const Self& self, const LeaseRules& rules, SavedAgreement saved, TimePoint now);

  // --- Agreement ---
  std::shared_ptr<const ClusterMap> latest() const override { return map_; }
  void decide(Epoch epoch, const Change& change, TimePoint now) override;
  TimePoint lease_held_until() const override;
  TimePoint newest_at() const override;
  void set_healthy(bool is_healthy) override { is_healthy_ = is_healthy; }
  void set_consents(std::vector<Consent> consents) override;
  void note_ended(const NodeId& node, const Boot& boot) override { granter_.note_ended(node, boot.number); }

  // --- what arrives ---

  // A founder's M_1. Only without a map; a joiner learns it from replies.
  void adopt(std::shared_ptr<const ClusterMap> map, TimePoint now, AgreementEffects& effects);

  // From a member, or from a node that is none. Answered once, now or after a save.
  void on_request(const Sender& from, AgreementRequest request, RequestId id, TimePoint now, AgreementEffects& effects);
  void on_reply(const Sender& from, Reply reply, TimePoint now, AgreementEffects& effects);
  void on_saved(SaveId id, TimePoint now, AgreementEffects& effects);

  // An operator goes on with these survivors, of which this node is one (J5). It leaves its generation at once, for
  // good when that is on disk, and opens the next one when they have left it too, and all leases of it have run out.
  // Whoever calls it has checked that no majority of the voters is there. An error changes nothing.
  Result<Done> recover(const Recovery& recovery, AgreementEffects& effects);

  // Whom this node, which recovers, waits for.
  std::vector<NodeId> unconfirmed() const;
  // One of these, which knows more than this node, and what this node cannot go on from: others vote by that than the
  // operator has given up or named, or kDecreesMax is reached.
  const std::optional<NodeId>& irreconcilable() const { return irreconcilable_; }

  // A newer generation, in which void is what this node has acted by: it has no part in any any more, and what it holds
  // belongs to none. It is to begin anew, as another node (J4). Null: all is well.
  const std::shared_ptr<const ClusterMap>& voided_by() const { return voided_by_; }

  // Does what is due, and what decide() asked for; call it at next_wakeup() or as soon after as possible.
  void tick(TimePoint now, AgreementEffects& effects);
  TimePoint next_wakeup() const;

  // With what the asker lacks (A3): for the answers of whoever else talks to members.
  Reply reply_to(const Sender& from, AgreementReply body) const;

  // --- for what decides whom to ask for a change ---
  const LeaseGranter& granter() const { return granter_; }
  bool is_voter() const;
  bool is_deciding(TimePoint now) const { return proposer_.is_running(now); }  // decide() would be ignored

  void check() const;  // asserts what holds between calls; for tests and the simulator

 private:
  struct Pending {  // an answer that waits for the disk
    SaveId save = 0;
    AgreementEffects::Answer answer;
  };

  void answer(const Sender& from, const Renew& renew, RequestId id, TimePoint now, AgreementEffects& effects);
  void answer(const Sender& from, const Prepare& prepare, RequestId id, TimePoint now, AgreementEffects& effects);
  void answer(const Sender& from, Accept& accept, RequestId id, TimePoint now, AgreementEffects& effects);
  void answer(const Sender& from, const Announce& announce, RequestId id, TimePoint now, AgreementEffects& effects);
  void answer(const Sender& from, const FetchMap& fetch, RequestId id, TimePoint now, AgreementEffects& effects);
  void answer(const Sender& from, const Adopt& adopt, RequestId id, TimePoint now, AgreementEffects& effects);

  void take(const Sender& from, const Granted& granted);
  void take(const Sender& from, const Promised& promised, AgreementEffects& effects);
  void take(const Sender& from, const Accepted& accepted, TimePoint now, AgreementEffects& effects);
  void take(const Sender& from, const Adopted& adopted);
  void take_refusal(const Sender& from, const std::optional<MapUpdate>& known, AgreementEffects& effects);
  void renew_lease_at(const NodeId& voter, TimePoint now, AgreementEffects& effects) const;

  bool is_in_use() const;
  bool may_grant(const Sender& from) const;
  // Why the change is not allowed here (A5); what it makes of the map when it is.
  std::optional<Rejected> objection(const Accept& accept, TimePoint now, ClusterMap& changed);
  void reply(const Sender& from, AgreementReply body, RequestId id, AgreementEffects& effects);
  void reply_when_saved(const Sender& from, AgreementReply body, RequestId id, AgreementEffects& effects);
  SaveId save(AgreementEffects& effects);

  void send_to_voters(const AgreementRequest& request, AgreementEffects& effects) const;
  void learn(const MapUpdate& update, TimePoint now, AgreementEffects& effects);
  void note_void(const MapUpdate& by, AgreementEffects& effects);
  void install(std::shared_ptr<const ClusterMap> next, TimePoint now);
  void decided(Change change, TimePoint now, AgreementEffects& effects);
  void announce(const ClusterMap& was, AgreementEffects& effects) const;
  void renew_leases(TimePoint now, AgreementEffects& effects);
  void begin_round(std::optional<Change> change, TimePoint now, AgreementEffects& effects);
  TimePoint undecided_at() const;

  // --- recovery (recovering.cc) ---
  bool is_recoverer() const { return map_->recovered_by == self_.id && decreed_ == nullptr; }
  void decree(ClusterMap map, AgreementEffects& effects);
  void decreed(TimePoint now, AgreementEffects& effects);
  void open_generation(TimePoint now, AgreementEffects& effects);
  TimePoint opening_due_at() const;
  bool have_all_left() const;
  bool is_survivor(const NodeId& node) const;
  bool may_go_on_from(const ClusterMap& map) const;
  Recovery recovery_from(const ClusterMap& map) const;

  Self self_;
  LeaseRules rules_;
  std::shared_ptr<const ClusterMap> map_;
  History history_;
  Voter voter_;
  AcceptedEffect accepted_effect_;  // while voter_ has accepted
  TimePoint accepted_at_{};         // or promised after that
  unsigned ballots_ = 0;            // that were promised in this slot
  LeaseGranter granter_;
  LeaseHolder holder_;
  Proposer proposer_;
  std::optional<Change> wanted_;  // by decide(), of the slot after map_
  bool is_healthy_ = true;
  std::vector<Consent> consents_;
  TimePoint renewed_at_ = TimePoint::min();
  SaveId last_save_ = 0;
  // A map of this node's own making (J5), until it is on disk; null: none. It takes part in nothing meanwhile.
  std::shared_ptr<const ClusterMap> decreed_;
  SaveId decreed_save_ = 0;
  std::set<NodeId> confirmed_;  // have left the former generation
  TimePoint confirm_at_ = TimePoint::min();
  std::optional<TimePoint> opens_at_;
  std::size_t decrees_ = 0;  // that refusals have led to
  std::optional<NodeId> irreconcilable_;
  std::shared_ptr<const ClusterMap> voided_by_;
  std::deque<Pending> pending_;
};

}  // namespace p2p::cluster
