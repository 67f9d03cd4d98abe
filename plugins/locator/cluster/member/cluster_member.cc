#include "cluster/member/cluster_member.h"

#include "cluster/back_off.h"

#include <p2p/assert.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace p2p::cluster {

namespace {

// While something is wanted that others may not have heard, or the host of partitions is to say something.
constexpr Duration kTickEvery = std::chrono::milliseconds(50);
// A voter looks whether the others live, which shows in half a second at the earliest.
constexpr Duration kVoterTickEvery = std::chrono::milliseconds(150);
// What may have become due with time alone.
constexpr Duration kIdleTickEvery = std::chrono::milliseconds(500);
// Later than this, it was this node that hung (E2).
constexpr Duration kLateMin = std::chrono::milliseconds(50);

}  // namespace

ClusterMember::ClusterMember(Member self, const LeaseRules& rules, const Policy& policy,
                             std::unique_ptr<Agreement> agreement, PartitionHost& host, TimePoint now)
    : self_(std::move(self)),
      host_(host),
      agreement_(std::move(agreement)),
      coordinator_(self_.id, rules),
      planner_(policy),
      ticked_for_(now) {
  if (map() == nullptr) return;
  members_ = map()->member_count();
  coordinator_.begin(*map(), now);
  planner_.observe(*map(), now);
  tell_host(now);
}

Sender ClusterMember::sender() const {
  return {.node = self_.id, .boot = self_.boot, .epoch = map() == nullptr ? 0 : map()->epoch};
}

Slot ClusterMember::self_slot() const { return map()->slot_of(self_.id); }

bool ClusterMember::serves(PartitionNumber partition, TimePoint now) const {
  if (map() == nullptr || agreement_->lease_held_until() <= now) return false;
  return map()->partitions[partition].primary == self_slot() && !handovers_.contains(partition);
}

// --- what arrives ----------------------------------------------------------------------------------------------------

void ClusterMember::found(const Founding& founding, TimePoint now, MemberEffects& effects) {
  AgreementEffects made;
  agreement_->found(std::make_shared<const ClusterMap>(cluster::found(founding)), now, made);
  absorb(made, now, effects);
}

void ClusterMember::on_request(const Sender& from, MemberRequest request, RequestId id, TimePoint now,
                               MemberEffects& effects) {
  if (map() != nullptr) coordinator_.note_heard(from.node, now);
  std::visit(
      [&](auto& one) {
        if constexpr (std::is_constructible_v<AgreementRequest, decltype(std::move(one))>) {
          AgreementEffects made;
          agreement_->on_request(from, std::move(one), id, now, made);
          absorb(made, now, effects);
        } else {
          answer(from, one, id, now, effects);
        }
      },
      request);
}

void ClusterMember::on_reply(const Sender& from, Reply reply, TimePoint now, MemberEffects& effects) {
  joins_answered_ = joins_answered_ || from.epoch > 0;
  AgreementEffects made;
  agreement_->on_reply(from, std::move(reply), now, made);
  if (map() != nullptr && map()->is_voter(map()->slot_of(from.node))) answered_at_[from.node] = now;
  absorb(made, now, effects);
}

void ClusterMember::on_saved(SaveId id, TimePoint now, MemberEffects& effects) {
  AgreementEffects made;
  agreement_->on_saved(id, now, made);
  absorb(made, now, effects);
}

Result<Done> ClusterMember::recover(const Recovery& recovery, TimePoint now, MemberEffects& effects) {
  AgreementEffects made;
  Result<Done> begun = agreement_->recoverable()->recover(recovery, made);
  absorb(made, now, effects);
  return begun;
}

void ClusterMember::on_ended(const NodeId& node, std::uint64_t boot, TimePoint now, MemberEffects& effects) {
  if (map() == nullptr || node == self_.id) return;
  agreement_->note_ended(node, {.number = boot});
  reports_.note(node, boot, now);
  reports_.observe(*map());
  report(now, effects);
  coordinate(now, effects);
}

void ClusterMember::absorb(AgreementEffects& from, TimePoint now, MemberEffects& effects) {
  for (AgreementEffects::Call& call : from.calls)
    std::visit([&](auto& request) { effects.calls.push_back({.to = call.to, .request = std::move(request)}); },
               call.request);
  std::ranges::move(from.answers, std::back_inserter(effects.answers));
  std::ranges::move(from.saves, std::back_inserter(effects.saves));
  for (Decision& decision : from.decisions) {
    on_decision(decision, now);
    effects.decisions.push_back(std::move(decision));
  }
  if (!from.decisions.empty()) suggest(now, effects);
}

void ClusterMember::on_decision(const Decision&, TimePoint now) {
  orders_.observe(*map());
  reports_.observe(*map());
  looks_.observe(*map());
  if (const Slot self = self_slot();
      self != kNoSlot && map()->at(self).boot == self_.boot && weight_wanted_ == map()->at(self).weight)
    weight_wanted_.reset();  // from now on an operator's order counts
  coordinator_.begin(*map(), now);
  planner_.observe(*map(), now);
  note_joins(now);
  planned_at_ = TimePoint::min();
  voters_wanted_.reset();
  was_asked_ = false;
  suggested_at_ = TimePoint::min();
  suggested_to_ = 0;
  std::erase_if(answered_at_, [&](const auto& one) { return !map()->is_voter(map()->slot_of(one.first)); });
  std::erase_if(handovers_, [&](const auto& one) {
    const Partition& partition = map()->partitions[one.first];
    return partition.term != one.second.term || partition.primary != self_slot();
  });
  tell_host(now);
}

void ClusterMember::reply(const Sender& from, RequestId id, MemberEffects& effects) const {
  effects.answers.push_back({.to = id, .reply = agreement_->acknowledgement(from)});
}

void ClusterMember::answer(const Sender& from, Suggest& suggest, RequestId id, TimePoint now, MemberEffects& effects) {
  was_asked_ = true;
  for (const Request& request : suggest.requests) {
    if (map() != nullptr && (is_settled(*map(), request) || !may_ask(from.node, request, *map()))) continue;
    give_up(request);
    if (!coordinator_.add(request, now)) break;
  }
  reply(from, id, effects);
  coordinate(now, effects);
}

// Only an operator asks for the removal of a member that is down: the planner makes way for it.
void ClusterMember::give_up(const Request& request) {
  const auto* remove = std::get_if<Remove>(&request);
  if (map() == nullptr || remove == nullptr || !planner_.give_up(remove->node)) return;
  planned_at_ = TimePoint::min();
}

void ClusterMember::answer(const Sender& from, AskToJoin& ask, RequestId id, TimePoint, MemberEffects& effects) {
  if (map() != nullptr && map()->slot_of(from.node) == kNoSlot) {
    const Slot voter = map()->voters[introduced_++ % map()->voters.size()];
    effects.calls.push_back(
        {.to = map()->at(voter).id, .request = Suggest{.requests = {Join{.member = std::move(ask.joiner)}}}});
  }
  reply(from, id, effects);
}

void ClusterMember::answer(const Sender& from, BeginHandOver& hand_over, RequestId id, TimePoint now,
                           MemberEffects& effects) {
  for (std::size_t at = 0; at < std::min(hand_over.partitions.size(), hand_over.to.size()); ++at) {
    const auto [number, term] = hand_over.partitions[at];
    if (map() == nullptr || number >= map()->partitions.size() || handovers_.contains(number)) continue;
    const Partition& partition = map()->partitions[number];
    const Slot to = map()->slot_of(hand_over.to[at]);
    if (partition.term != term || partition.primary != self_slot() || to == self_slot() || !partition.is_in_sync(to))
      continue;
    handovers_[number] = {.term = term, .to = hand_over.to[at], .begun_at = now};
    host_.stop_serving(number, term, now);
  }
  if (map() != nullptr) advance_handovers(now);
  reply(from, id, effects);
}

// A refused connect is no proof of the receiver's: it tries that member itself (L4).
void ClusterMember::answer(const Sender& from, Report& report, RequestId id, TimePoint now, MemberEffects& effects) {
  reply(from, id, effects);
  if (!agreement_->may_decide()) return;
  for (const Report::Gone& gone : report.gone)
    if (gone.node != self_.id && looks_.are_due(*map(), gone, now))
      effects.calls.push_back({.to = gone.node, .request = FetchMap{}});
}

void ClusterMember::answer(const Sender& from, Unheard& unheard, RequestId id, TimePoint now, MemberEffects& effects) {
  if (map() != nullptr && map()->is_voter(map()->slot_of(from.node)))
    coordinator_.note_unheard(from.node, std::move(unheard.nodes), now);
  reply(from, id, effects);
  if (map() != nullptr) coordinate(now, effects);
}

// --- what this node wants --------------------------------------------------------------------------------------------

// Whoever fewer hear would be declared down again (E2).
bool ClusterMember::reaches_majority(TimePoint now) const {
  const auto is_reached = [&](Slot voter) {
    const auto answered = answered_at_.find(map()->at(voter).id);
    return answered != answered_at_.end() && answered->second + kReachedLately > now;
  };
  return static_cast<std::size_t>(std::ranges::count_if(map()->voters, is_reached)) >= map()->majority();
}

void ClusterMember::add_wanted_of_member(std::vector<Request>& all, TimePoint now) const {
  const Slot self = self_slot();
  if (self == kNoSlot) return;
  const Member& known = map()->at(self);
  const bool is_here = known.is_up() && known.boot == self_.boot;
  if (const Up up = said(); !is_as_said(known, up) && (is_here || reaches_majority(now))) all.push_back(up);
  if (!is_here) return;
  if (!is_leaving_) {
    add_description(known, all);
  } else if (known.state == MemberState::up) {
    all.push_back(Leave{.node = self_.id, .boot = self_.boot});
  } else if (is_let_go_ && known.state == MemberState::leaving && !map()->is_voter(self) && !map()->holds(self)) {
    all.push_back(Remove{.node = self_.id});
  }
}

Up ClusterMember::said() const {
  return {.node = self_.id,
          .boot = self_.boot,
          .address = self_.address,
          .services = self_.services,
          .holds_partitions = self_.holds_partitions,
          .feature_level = self_.feature_level,
          .takes_copies = map()->feature_level < kTakesCopiesLevel || host_.takes_copies()};
}

void ClusterMember::add_description(const Member& known, std::vector<Request>& all) const {
  Describe describe{.node = self_.id};
  if (known.zone != self_.zone) describe.zone = self_.zone;
  if (weight_wanted_ && known.weight != *weight_wanted_) describe.weight = weight_wanted_;
  if (describe.zone || describe.weight) all.push_back(std::move(describe));
}

void ClusterMember::place(std::string zone, std::optional<std::uint32_t> weight) {
  self_.zone = std::move(zone);
  self_.weight = weight.value_or(self_.weight);
  weight_wanted_ = weight;
}

bool ClusterMember::is_known_to_run() const {
  const Slot self = map() == nullptr ? kNoSlot : self_slot();
  return self != kNoSlot && map()->at(self).boot == self_.boot && map()->at(self).services == self_.services;
}

// As if another process came in the place of this one (B2). Its primaries are handed over.
void ClusterMember::add_wanted_of_lost(std::vector<Request>& all) const {
  for (const PartitionNumber number : host_.lost()) {
    const Partition& partition = map()->partitions[number];
    if (partition.primary != self_slot())
      all.push_back(TakeOutOfSync{.partition = number, .node = self_.id, .term = partition.term});
    else if (partition.in_sync.size() == 1 && !handovers_.contains(number) && host_.serves_here())
      all.push_back(StartEmpty{.partition = number, .at = self_.id, .term = partition.term});
  }
}

void ClusterMember::add_wanted_of_primary(std::vector<Request>& all, TimePoint now) const {
  for (const CopyReport& copy : host_.filled(now))
    all.push_back(PutInSync{.partition = copy.partition, .node = copy.copy, .term = copy.term, .since = copy.since});
  for (const CopyReport& copy : host_.failed(now)) {
    if (copy.since == 0)
      all.push_back(TakeOutOfSync{.partition = copy.partition, .node = copy.copy, .term = copy.term});
    else
      all.push_back(RemoveLearner{.partition = copy.partition, .node = copy.copy, .since = copy.since});
  }
  add_wanted_of_lost(all);
  for (const auto& [number, handover] : handovers_) {
    if (!handover.consented_at) continue;
    if (now >= *handover.consented_at + kConsentMax)
      all.push_back(RenewTerm{.partition = number, .primary = self_.id, .term = handover.term});
    else if (map()->partitions[number].is_in_sync(map()->slot_of(handover.to)))
      all.push_back(MovePrimary{.partition = number, .to = handover.to, .term = handover.term});
    else
      all.push_back(StartEmpty{.partition = number, .at = handover.to, .term = handover.term});
  }
}

std::vector<Request> ClusterMember::wanted(TimePoint now) const {
  std::vector<Request> all;
  add_wanted_of_member(all, now);
  add_wanted_of_primary(all, now);
  orders_.list(now, all);
  return all;
}

// To the coordinator; to the next voter when nothing was decided in time (A4). Each waits longer than the one before:
// where the machine is too slow for any of them, all voters would else propose at once, and none would succeed.
void ClusterMember::suggest(TimePoint now, MemberEffects& effects) {
  if (suggested_to_ > 0 &&
      now < suggested_at_ + after_tries(kCoordinatorPatience, suggested_to_, kPatienceDoublingsMax))
    return;
  std::vector<Request> requests = wanted(now);
  if (requests.empty()) {
    suggested_to_ = 0;
    return;
  }
  if (requests.size() > kRequestsMax) requests.resize(kRequestsMax);
  const Slot voter = map()->voters[suggested_to_++ % map()->voters.size()];
  suggested_at_ = now;
  effects.calls.push_back({.to = map()->at(voter).id, .request = Suggest{.requests = std::move(requests)}});
}

void ClusterMember::report(TimePoint now, MemberEffects& effects) {
  const Report report = reports_.take(now);
  if (report.gone.empty()) return;
  for (const Slot voter : map()->voters) {
    const NodeId& id = map()->at(voter).id;
    const bool is_gone = std::ranges::find(report.gone, id, &Report::Gone::node) != report.gone.end();
    if (id != self_.id && !is_gone && map()->is_up(voter)) effects.calls.push_back({.to = id, .request = report});
  }
}

void ClusterMember::ask_to_join(TimePoint now, MemberEffects& effects) {
  if (joins_via_.empty() || now < suggested_at_ + kCoordinatorPatience) return;
  suggested_at_ = now;
  // It stays with a member that it has found, for a while: that one may be cut off from the others.
  if (!std::exchange(joins_answered_, false) || ++joins_asked_ == kJoinAsksMax) {
    ++joins_at_;
    joins_asked_ = 0;
  }
  effects.calls.push_back({.to = joins_via_[joins_at_ % joins_via_.size()], .request = AskToJoin{.joiner = self_}});
}

void ClusterMember::ask_around(TimePoint now, MemberEffects& effects) {
  if (agreement_->lease_held_until() > now || now < asked_around_at_ + kAskAroundEvery) return;
  asked_around_at_ = now;
  const auto& members = map()->members;
  const Member& next = members[asked_around_++ % members.size()];
  if (!next.id.empty() && next.id != self_.id) effects.calls.push_back({.to = next.id, .request = FetchMap{}});
}

void ClusterMember::tell_unheard(TimePoint now, MemberEffects& effects) {
  if (!agreement_->may_decide()) return;
  std::vector<NodeId> unheard = coordinator_.unheard(*map(), *agreement_, now);
  const bool is_to_repeat = !unheard.empty() && now >= unheard_told_at_ + kUnheardEvery;
  if (unheard == unheard_ && !is_to_repeat) return;
  unheard_ = std::move(unheard);
  unheard_told_at_ = now;
  for (const Slot voter : map()->voters)
    if (map()->at(voter).id != self_.id)
      effects.calls.push_back({.to = map()->at(voter).id, .request = Unheard{.nodes = unheard_}});
}

void ClusterMember::begin_hand_overs(const std::vector<HandOver>& wanted, MemberEffects& effects) {
  std::map<Slot, BeginHandOver> by_primary;
  for (const HandOver& one : wanted) {
    BeginHandOver& begin = by_primary[one.from];
    begin.partitions.push_back({.partition = one.partition, .term = map()->partitions[one.partition].term});
    begin.to.push_back(map()->at(one.to).id);
  }
  for (auto& [primary, begin] : by_primary)
    effects.calls.push_back({.to = map()->at(primary).id, .request = std::move(begin)});
  hand_overs_ = wanted;
}

void ClusterMember::note_joins(TimePoint now) {
  const std::size_t before = std::exchange(members_, map()->member_count());
  if (members_ <= before) return;
  if (now >= joined_at_ + kJoinsSettle) joins_began_at_ = now;
  joined_at_ = now;
}

bool ClusterMember::awaits_more_joins(TimePoint now) const {
  return now < std::min(joined_at_ + kJoinsSettle, joins_began_at_ + kJoinsSettleMax);
}

// What the planner wants; asked again with the next map, or after a while.
void ClusterMember::plan(TimePoint now, MemberEffects& effects) {
  if (now < planned_at_ + kPlanEvery) return;
  planned_at_ = now;
  voters_wanted_ = planner_.voters(*map(), now);
  // Those that are to vote may be down themselves; then they come up first.
  if (voters_wanted_ && !apply(*map(), {.requests = {*voters_wanted_}}).ok()) voters_wanted_.reset();
  if (voters_wanted_) return;
  if (awaits_more_joins(now)) {
    planned_at_ = TimePoint::min();
    return;
  }
  joins_began_at_ = now;  // of those that come from now on
  Steps steps = planner_.next(*map(), now, hand_overs_);
  begin_hand_overs(steps.hand_overs, effects);
  coordinator_.plan(std::move(steps.requests));
}

std::optional<Change> ClusterMember::next_change(TimePoint now, MemberEffects& effects) {
  const bool is_first = coordinator_.is_first(*map(), *agreement_, now);
  if (!is_first && !was_asked_) return std::nullopt;
  if (is_first) plan(now, effects);
  const std::optional<Change> change = coordinator_.next_change(*map(), *agreement_, now);
  // Voters are changed alone (A6), before all but a death.
  const bool is_death = change && std::holds_alternative<Down>(change->requests.front());
  if (is_first && voters_wanted_ && !is_death) return Change{.requests = {*voters_wanted_}};
  return change;
}

void ClusterMember::coordinate(TimePoint now, MemberEffects& effects) {
  // While a round runs nothing else can be proposed, and much may be asked for.
  if (!agreement_->may_decide() || agreement_->is_deciding(now)) return;
  const std::optional<Change> change = next_change(now, effects);
  if (!change) return;
  agreement_->decide(map()->epoch, *change, now);
  AgreementEffects made;
  agreement_->tick(now, made);
  absorb(made, now, effects);
}

// --- what is due -----------------------------------------------------------------------------------------------------

void ClusterMember::tick(TimePoint now, MemberEffects& effects) {
  if (now > ticked_for_ + kLateMin) coordinator_.forgive(now - ticked_for_);
  if (map() != nullptr) {
    agreement_->set_healthy(host_.is_healthy(now));
    advance_handovers(now);
  }
  AgreementEffects made;
  agreement_->tick(now, made);
  absorb(made, now, effects);
  if (map() == nullptr) {
    ask_to_join(now, effects);
  } else {
    suggest(now, effects);
    report(now, effects);
    ask_around(now, effects);
    tell_unheard(now, effects);
    coordinate(now, effects);
  }
  ticked_at_ = now;
  ticked_for_ = now + tick_pause(now);
}

Duration ClusterMember::tick_pause(TimePoint now) const {
  if (map() == nullptr || !handovers_.empty() || has_learners_ || agreement_->lease_held_until() <= now ||
      (agreement_->may_decide() && coordinator_.has_requests()) || suggested_to_ > 0)
    return kTickEvery;
  return agreement_->may_decide() ? kVoterTickEvery : kIdleTickEvery;
}

TimePoint ClusterMember::next_wakeup() const {
  const TimePoint report_at = reports_.is_empty() ? TimePoint::max() : reports_.next_at();
  const TimePoint next = std::min({agreement_->next_wakeup(), ticked_for_, report_at});
  // Once for each slot, as what is wanted may have to wait for other reasons.
  const bool has_slot_to_come = agreement_->may_decide() && coordinator_.next_slot_at() > ticked_at_;
  return has_slot_to_come ? std::min(next, coordinator_.next_slot_at()) : next;
}

}  // namespace p2p::cluster
