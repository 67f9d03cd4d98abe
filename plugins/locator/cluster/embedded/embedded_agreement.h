// How do the members agree without anybody else (cluster.md 2 and 3)? Voters decide each epoch by Paxos and grant
// leases; every member learns what is decided and renews its lease. One for each node; no clock, socket, file or thread
// of its own.
#pragma once

#include "cluster/agreement.h"
#include "cluster/embedded/granter.h"
#include "cluster/embedded/history.h"
#include "cluster/embedded/holder.h"
#include "cluster/embedded/messages.h"
#include "cluster/embedded/proposer.h"
#include "cluster/embedded/voter.h"
#include "cluster/lease_rules.h"

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

class EmbeddedAgreement final : public Agreement, public Recoverable {
 public:
  struct Self {
    NodeId id;
    Boot boot;
  };
  EmbeddedAgreement(const Self& self, const LeaseRules& rules, SavedAgreement saved, TimePoint now);

  // --- Agreement ---
  std::shared_ptr<const ClusterMap> latest() const override { return map_; }
  void found(std::shared_ptr<const ClusterMap> map, TimePoint now, AgreementEffects& effects) override;
  void decide(Epoch epoch, const Change& change, TimePoint now) override;
  bool may_decide() const override { return is_voter(); }
  bool is_deciding(TimePoint now) const override { return proposer_.is_running(now); }
  std::shared_ptr<const ClusterMap> voided_by() const override { return voided_by_; }
  Recoverable* recoverable() override { return this; }
  TimePoint lease_held_until() const override;
  TimePoint newest_at() const override;
  TimePoint promised_until(const NodeId& node) const override { return granter_.promised_until(node); }
  bool has_ended(const NodeId& node, const Boot& boot) const override { return granter_.has_ended(node, boot); }
  void set_healthy(bool is_healthy) override { is_healthy_ = is_healthy; }
  void set_consents(std::vector<Consent> consents) override;
  void note_ended(const NodeId& node, const Boot& boot) override { granter_.note_ended(node, boot.number); }
  void tick(TimePoint now, AgreementEffects& effects) override;
  TimePoint next_wakeup() const override;
  void on_request(const Sender& from, AgreementRequest request, RequestId id, TimePoint now,
                  AgreementEffects& effects) override;
  void on_reply(const Sender& from, Reply reply, TimePoint now, AgreementEffects& effects) override;
  void on_saved(SaveId id, TimePoint now, AgreementEffects& effects) override;
  Reply acknowledgement(const Sender& to) const override { return reply_to(to, Noted{}); }
  void check() const override;

  // --- Recoverable ---
  Result<Done> recover(const Recovery& recovery, AgreementEffects& effects) override;
  std::vector<NodeId> unconfirmed() const override;
  const std::optional<NodeId>& irreconcilable() const override { return irreconcilable_; }

  bool is_voter() const;

 private:
  struct Pending {  // an answer that waits for the disk
    SaveId save = 0;
    AgreementEffects::Answer answer;
  };

  void answer(const Sender& from, const Renew& renew, RequestId id, TimePoint now, AgreementEffects& effects);
  void answer(const Sender& from, const Prepare& prepare, RequestId id, TimePoint now, AgreementEffects& effects);
  void answer(const Sender& from, Accept& accept, RequestId id, TimePoint now, AgreementEffects& effects);
  void answer(const Sender& from, const Announce& announce, RequestId id, TimePoint now, AgreementEffects& effects);
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
  Reply reply_to(const Sender& from, AgreementReply body) const;  // with what the asker lacks (A3)
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
