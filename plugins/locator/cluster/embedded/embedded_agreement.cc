#include "cluster/embedded/embedded_agreement.h"

#include "cluster/map/apply.h"

#include <p2p/assert.h>

#include <algorithm>

namespace p2p::cluster {

EmbeddedAgreement::EmbeddedAgreement(const Self& self, const LeaseRules& rules, SavedAgreement saved, TimePoint now)
    : self_(self),
      rules_(rules),
      map_(std::move(saved.map)),
      voter_(std::move(saved.voter)),
      accepted_at_(now),
      granter_(rules, self.id, self.boot, now),
      holder_(rules),
      proposer_(self.id, self.boot) {
  if (map_ == nullptr) return;
  voter_.begin(map_->epoch + 1);
  if (!voter_.has_accepted()) return;
  const Result<ClusterMap> changed = apply(*map_, voter_.state().change);  // L5 holds after a restart too
  if (changed.ok()) accepted_effect_ = effect_of(*map_, changed.value());
}

bool EmbeddedAgreement::is_voter() const {
  if (map_ == nullptr || voided_by_ != nullptr || map_->is_recovering() || decreed_ != nullptr) return false;  // J5
  return map_->is_voter(map_->slot_of(self_.id));
}

// There is a map that this very process is up in, and by which nodes act (J5).
bool EmbeddedAgreement::is_in_use() const {
  if (map_ == nullptr || voided_by_ != nullptr || map_->is_recovering()) return false;
  const Slot self = map_->slot_of(self_.id);
  return map_->is_up(self) && map_->at(self).boot == self_.boot;
}

TimePoint EmbeddedAgreement::lease_held_until() const {
  return is_in_use() ? holder_.held_until(*map_) : TimePoint::min();
}

TimePoint EmbeddedAgreement::newest_at() const { return is_in_use() ? holder_.newest_at(*map_) : TimePoint::min(); }

// --- what is decided -------------------------------------------------------------------------------------------------

void EmbeddedAgreement::found(std::shared_ptr<const ClusterMap> map, TimePoint now, AgreementEffects& effects) {
  P2P_ASSERT(map_ == nullptr, "a node founds a network only without a map");
  install(std::move(map), now);
  effects.decisions.push_back({.map = map_});
  save(effects);
}

void EmbeddedAgreement::install(std::shared_ptr<const ClusterMap> next, TimePoint now) {
  const bool voters_changed = map_ == nullptr || map_->voters_since != next->voters_since;
  map_ = std::move(next);
  voter_.begin(map_->epoch + 1);
  accepted_effect_ = {};
  ballots_ = 0;
  proposer_.stop();
  wanted_.reset();
  confirmed_.clear();
  confirm_at_ = TimePoint::min();
  opens_at_.reset();
  irreconcilable_.reset();
  granter_.begin(*map_);
  if (!voters_changed) return;
  if (is_voter()) granter_.fear_everyone(now);  // L6
  // The lease takes grants of the new ones, who were not asked before: it may not last until the next heartbeat (L3).
  renewed_at_ = TimePoint::min();
}

void EmbeddedAgreement::learn(const MapUpdate& update, TimePoint now, AgreementEffects& effects) {
  if (decreed_ != nullptr) return;  // what is saved now would replace it on disk; it is told again
  const Epoch before = map_ == nullptr ? 0 : map_->epoch;
  if (update.map != nullptr && update.map->epoch > before) {
    if (map_ == nullptr && update.map->slot_of(self_.id) == kNoSlot) return;  // not let in yet (J1)
    if (map_ != nullptr && !descends_from(*update.map, acted_by(*map_))) return note_void(update, effects);  // J5
    history_.clear();
    install(update.map, now);
    effects.decisions.push_back({.map = map_});
  }
  if (map_ == nullptr) return;
  for (std::size_t at = 0; at < update.changes.size(); ++at) {
    if (update.from + at != map_->epoch || map_->is_recovering()) continue;  // known already, or over a gap
    decided(update.changes[at], now, effects);
  }
  if (map_->epoch != before) save(effects);
}

void EmbeddedAgreement::decided(Change change, TimePoint now, AgreementEffects& effects) {
  Result<ClusterMap> next = apply(*map_, change);
  if (!next.ok()) return;  // no voter accepts such a change: whoever says that it is decided is wrong
  history_.add(map_->epoch, change);
  install(std::make_shared<const ClusterMap>(std::move(next).value()), now);
  effects.decisions.push_back({.map = map_, .change = std::move(change)});
}

SaveId EmbeddedAgreement::save(AgreementEffects& effects) {
  SavedAgreement what{.map = map_, .voter = voter_.state()};
  effects.saves.push_back({.id = ++last_save_, .what = std::move(what)});
  return last_save_;
}

void EmbeddedAgreement::on_saved(SaveId id, TimePoint now, AgreementEffects& effects) {
  if (decreed_ != nullptr && decreed_save_ <= id) decreed(now, effects);
  while (!pending_.empty() && pending_.front().save <= id) {
    effects.answers.push_back(std::move(pending_.front().answer));
    pending_.pop_front();
  }
}

// --- requests --------------------------------------------------------------------------------------------------------

Reply EmbeddedAgreement::reply_to(const Sender& from, AgreementReply body) const {
  Reply reply{.body = std::move(body)};
  // Until it is let in, the map is of no use to a joiner; and it asks often (J1).
  const bool is_outside = map_ != nullptr && from.epoch == 0 && map_->slot_of(from.node) == kNoSlot;
  if (map_ != nullptr && !is_outside && from.epoch < map_->epoch) reply.update = history_.since(from.epoch, map_);
  return reply;
}

void EmbeddedAgreement::reply(const Sender& from, AgreementReply body, RequestId id, AgreementEffects& effects) {
  effects.answers.push_back({.to = id, .reply = reply_to(from, std::move(body))});
}

void EmbeddedAgreement::reply_when_saved(const Sender& from, AgreementReply body, RequestId id,
                                         AgreementEffects& effects) {
  pending_.push_back({.save = save(effects), .answer = {.to = id, .reply = reply_to(from, std::move(body))}});
  effects.saves.back().is_awaited = true;
}

void EmbeddedAgreement::on_request(const Sender& from, AgreementRequest request, RequestId id, TimePoint now,
                                   AgreementEffects& effects) {
  std::visit([&](auto& one) { answer(from, one, id, now, effects); }, request);
}

// L2.
bool EmbeddedAgreement::may_grant(const Sender& from) const {
  if (!is_voter() || from.epoch != map_->epoch) return false;
  const Slot asker = map_->slot_of(from.node);
  return map_->is_up(asker) && map_->at(asker).boot == from.boot;
}

void EmbeddedAgreement::answer(const Sender& from, const Renew& renew, RequestId id, TimePoint now,
                               AgreementEffects& effects) {
  if (map_ != nullptr && map_->slot_of(from.node) != kNoSlot) {
    std::vector<Consent> consents = renew.consents;
    std::erase_if(consents, [&](const Consent& one) { return one.partition >= map_->partitions.size(); });
    granter_.note_consents(from.node, std::move(consents));
  }
  const AcceptedEffect* accepted = voter_.has_accepted() ? &accepted_effect_ : nullptr;
  if (may_grant(from) && granter_.grant(from.node, accepted, now))
    reply(from, Granted{.sent_at = renew.sent_at, .boot = from.boot, .is_settled = accepted == nullptr}, id, effects);
  else
    reply(from, NotGranted{.sent_at = renew.sent_at}, id, effects);
}

void EmbeddedAgreement::answer(const Sender& from, const Prepare& prepare, RequestId id, TimePoint now,
                               AgreementEffects& effects) {
  if (!is_voter() || prepare.slot != map_->epoch + 1 || prepare.ballot.generation != map_->generation ||
      !voter_.promise(prepare.ballot)) {  // A1, J5
    reply(from, Rejected{.slot = prepare.slot, .ballot = prepare.ballot, .promised = voter_.state().promised}, id,
          effects);
    return;
  }
  ++ballots_;
  accepted_at_ = now;  // somebody is at it
  const VoterState& state = voter_.state();
  reply_when_saved(
      from,
      Promised{.slot = prepare.slot, .ballot = prepare.ballot, .accepted = state.accepted, .change = state.change}, id,
      effects);
}

std::optional<Rejected> EmbeddedAgreement::objection(const Accept& accept, TimePoint now, ClusterMap& changed) {
  Rejected rejected{.slot = accept.slot, .ballot = accept.ballot};
  if (!is_voter() || accept.slot != map_->epoch + 1) return rejected;  // A1
  if (accept.ballot.generation != map_->generation) return rejected;   // J5
  if (!voter_.may_accept(accept.ballot)) {
    rejected.promised = voter_.state().promised;
    return rejected;
  }
  Result<ClusterMap> next = apply(*map_, accept.change);  // A5
  if (!next.ok()) {
    rejected.why = next.error().text;
    return rejected;
  }
  changed = std::move(next).value();
  rejected.try_after = granter_.forbidden_for(*map_, changed, now);  // L4
  if (rejected.try_after > Duration{}) return rejected;
  return std::nullopt;
}

void EmbeddedAgreement::answer(const Sender& from, Accept& accept, RequestId id, TimePoint now,
                               AgreementEffects& effects) {
  ClusterMap changed;
  if (std::optional<Rejected> rejected = objection(accept, now, changed)) {
    reply(from, std::move(*rejected), id, effects);
    return;
  }
  accepted_at_ = now;
  voter_.accept(accept.ballot, accept.change);
  accepted_effect_ = effect_of(*map_, changed);
  reply_when_saved(from, Accepted{.slot = accept.slot, .ballot = accept.ballot}, id, effects);
}

void EmbeddedAgreement::answer(const Sender& from, const Announce& announce, RequestId id, TimePoint now,
                               AgreementEffects& effects) {
  learn(*announce.update, now, effects);
  reply(from, Noted{}, id, effects);
}

// --- replies ---------------------------------------------------------------------------------------------------------

void EmbeddedAgreement::on_reply(const Sender& from, Reply reply, TimePoint now, AgreementEffects& effects) {
  const Epoch before = map_ == nullptr ? 0 : map_->epoch;
  if (reply.update) learn(*reply.update, now, effects);
  if (map_ == nullptr) return;
  const bool was_behind = before < map_->epoch;
  const bool is_behind = from.epoch < map_->epoch && !map_->is_recovering();
  if (is_behind && !std::holds_alternative<Noted>(reply.body))
    effects.calls.push_back({.to = from.node, .request = Announce{history_.since(from.epoch, map_)}});

  if (const auto* granted = std::get_if<Granted>(&reply.body)) take(from, *granted);
  if (const auto* promised = std::get_if<Promised>(&reply.body)) take(from, *promised, effects);
  if (const auto* accepted = std::get_if<Accepted>(&reply.body)) take(from, *accepted, now, effects);
  if (const auto* adopted = std::get_if<Adopted>(&reply.body)) take(from, *adopted);
  if (std::holds_alternative<NotAdopted>(reply.body)) take_refusal(from, reply.update, effects);
  if (const auto* rejected = std::get_if<Rejected>(&reply.body)) proposer_.on_rejected(*map_, from.node, *rejected);
  // Whoever was behind is so no more, and this node asks again at once (L2).
  if (std::holds_alternative<NotGranted>(reply.body) && (was_behind || is_behind))
    renew_lease_at(from.node, now, effects);
}

void EmbeddedAgreement::take(const Sender& from, const Granted& granted) {
  if (granted.boot == self_.boot) holder_.note_granted(from.node, granted.sent_at, granted.is_settled);
}

void EmbeddedAgreement::take(const Sender& from, const Promised& promised, AgreementEffects& effects) {
  if (std::optional<Accept> accept = proposer_.on_promised(*map_, from.node, promised))
    send_to_voters(std::move(*accept), effects);
}

void EmbeddedAgreement::take(const Sender& from, const Accepted& accepted, TimePoint now, AgreementEffects& effects) {
  std::optional<Change> change = proposer_.on_accepted(*map_, from.node, accepted);
  if (!change) return;
  const std::shared_ptr<const ClusterMap> was = map_;
  decided(std::move(*change), now, effects);
  save(effects);
  announce(*was, effects);
}

// Those that it removes wait for it, too (A3).
void EmbeddedAgreement::announce(const ClusterMap& was, AgreementEffects& effects) const {
  const Announce news{history_.since(was.epoch, map_)};
  const Announce everything{history_.since(0, map_)};
  for (const Member& member : map_->members) {
    if (member.id.empty() || member.id == self_.id) continue;
    const bool is_new = was.slot_of(member.id) == kNoSlot;  // it has no map that changes could be made to
    effects.calls.push_back({.to = member.id, .request = is_new ? everything : news});
  }
  for (const Member& member : was.members)
    if (member.is_up() && map_->slot_of(member.id) == kNoSlot && member.id != self_.id)
      effects.calls.push_back({.to = member.id, .request = news});
}

// --- what is due -----------------------------------------------------------------------------------------------------

void EmbeddedAgreement::decide(Epoch epoch, const Change& change, TimePoint now) {
  if (!is_voter() || epoch != map_->epoch || proposer_.is_running(now)) return;
  wanted_ = change;
}

void EmbeddedAgreement::send_to_voters(const AgreementRequest& request, AgreementEffects& effects) const {
  for (const Slot voter : map_->voters) effects.calls.push_back({.to = map_->at(voter).id, .request = request});
}

void EmbeddedAgreement::begin_round(std::optional<Change> change, TimePoint now, AgreementEffects& effects) {
  send_to_voters(proposer_.begin(*map_, std::move(change), voter_.state().promised, now), effects);
}

void EmbeddedAgreement::renew_lease_at(const NodeId& voter, TimePoint now, AgreementEffects& effects) const {
  if (is_healthy_)
    effects.calls.push_back({.to = voter, .request = Renew{.sent_at = now, .consents = consents_}});  // L1
}

void EmbeddedAgreement::renew_leases(TimePoint now, AgreementEffects& effects) {
  renewed_at_ = now;
  for (const Slot voter : map_->voters) renew_lease_at(map_->at(voter).id, now, effects);
}

TimePoint EmbeddedAgreement::undecided_at() const {
  const Slot self = map_->slot_of(self_.id);
  const auto place = std::ranges::find(map_->voters, self) - map_->voters.begin();
  return accepted_at_ + after_tries(kUndecidedMax + place * kUndecidedStep, ballots_, kUndecidedDoublingsMax);
}

void EmbeddedAgreement::tick(TimePoint now, AgreementEffects& effects) {
  if (map_ == nullptr) return;
  if (now >= renewed_at_ + rules_.renewed_every()) renew_leases(now, effects);
  if (is_recoverer()) open_generation(now, effects);
  if (!is_voter() || proposer_.is_running(now)) return;
  if (wanted_) {
    begin_round(std::exchange(wanted_, std::nullopt), now, effects);
  } else if (voter_.has_accepted() && now >= undecided_at()) {  // A4
    begin_round(std::nullopt, now, effects);
  }
}

// What waits for a consent does not wait for the next heartbeat.
void EmbeddedAgreement::set_consents(std::vector<Consent> consents) {
  if (consents == consents_) return;
  const bool has_new = std::ranges::any_of(
      consents, [this](const Consent& one) { return std::ranges::find(consents_, one) == consents_.end(); });
  if (has_new) renewed_at_ = TimePoint::min();
  consents_ = std::move(consents);
}

TimePoint EmbeddedAgreement::next_wakeup() const {
  if (map_ == nullptr) return TimePoint::max();
  const TimePoint renewal = renewed_at_ == TimePoint::min() ? renewed_at_ : renewed_at_ + rules_.renewed_every();
  if (is_recoverer()) return std::min(renewal, opening_due_at());
  if (wanted_) return std::min(renewal, proposer_.runs_until());
  if (!is_voter() || !voter_.has_accepted()) return renewal;
  return std::min(renewal, std::max(undecided_at(), proposer_.runs_until()));
}

void EmbeddedAgreement::check() const {
  if (map_ == nullptr) return;
  P2P_ASSERT(voter_.state().slot == map_->epoch + 1, "a voter takes part in the slot after its newest map alone (A1)");
  const std::string why = unsoundness(*map_);
  P2P_ASSERT(why.empty(), why.c_str());
}

}  // namespace p2p::cluster
