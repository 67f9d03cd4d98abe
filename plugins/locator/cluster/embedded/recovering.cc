// The part of an operator's recovery that one node plays (J5): part of embedded_agreement.h.
#include "cluster/embedded/embedded_agreement.h"

#include <algorithm>

namespace p2p::cluster {

Result<Done> EmbeddedAgreement::recover(const Recovery& recovery, AgreementEffects& effects) {
  if (map_ == nullptr || decreed_ != nullptr) return Error{ErrorKind::invalid, "it is too early, or under way"};
  Recovery all = recovery;
  all.given_up.insert(all.given_up.end(), map_->given_up.begin(), map_->given_up.end());
  Result<ClusterMap> next = recovered(*map_, all);
  if (!next.ok()) return next.error();
  decrees_ = 0;
  decree(std::move(next).value(), effects);
  return Done{};
}

// From now on this node has no part in the former generation. After a crash before the disk has it, it has.
void EmbeddedAgreement::decree(ClusterMap map, AgreementEffects& effects) {
  proposer_.stop();
  wanted_.reset();
  pending_.clear();  // what it would have answered in the former generation; perhaps it is on no disk
  decreed_ = std::make_shared<const ClusterMap>(std::move(map));
  decreed_save_ = ++last_save_;
  SavedAgreement what{.map = decreed_, .voter = {.slot = decreed_->epoch + 1}};
  effects.saves.push_back({.id = decreed_save_, .what = std::move(what), .is_awaited = true});
}

void EmbeddedAgreement::decreed(TimePoint now, AgreementEffects& effects) {
  const std::shared_ptr<const ClusterMap> was = map_;
  history_.clear();
  install(std::exchange(decreed_, nullptr), now);
  effects.decisions.push_back({.map = map_});
  if (map_->is_recovering())
    open_generation(now, effects);
  else
    announce(*was, effects);
}

void EmbeddedAgreement::take(const Sender& from, const Adopted& adopted) {
  const Slot slot = map_->slot_of(from.node);
  if (adopted.epoch == map_->epoch && std::ranges::binary_search(map_->confirmers, slot)) confirmed_.insert(from.node);
}

// What the survivor knows counts, as it counts for it: the map is made anew from there. Nobody has acted by the one
// before, and nobody can open it, as this survivor has never confirmed it.
void EmbeddedAgreement::take_refusal(const Sender& from, const std::optional<MapUpdate>& known,
                                     AgreementEffects& effects) {
  if (!is_recoverer() || !is_survivor(from.node) || !known || known->map == nullptr) return;
  const ClusterMap& newer = *known->map;
  if (descends_from(*map_, acted_by(newer))) return;  // its answer to one before
  irreconcilable_ = from.node;
  if (decrees_ >= kDecreesMax || !may_go_on_from(newer)) return;
  Result<ClusterMap> next = recovered(newer, recovery_from(newer));
  if (!next.ok()) return;
  ++decrees_;
  decree(std::move(next).value(), effects);
}

bool EmbeddedAgreement::is_survivor(const NodeId& node) const {
  return node == self_.id || std::ranges::binary_search(map_->confirmers, map_->slot_of(node));
}

// All that this node has acted by counts there, too; and nobody votes there whom the operator has neither named nor
// given up.
bool EmbeddedAgreement::may_go_on_from(const ClusterMap& map) const {
  const auto is_confirmed = [&](Slot voter) {
    const NodeId& id = map.at(voter).id;
    return is_survivor(id) || std::ranges::find(map_->given_up, id) != map_->given_up.end();
  };
  return descends_from(map, map_->recovered_from) && std::ranges::all_of(map.voters, is_confirmed);
}

// The same with another map, as far as its members are the same.
Recovery EmbeddedAgreement::recovery_from(const ClusterMap& map) const {
  const auto ids = [&](const std::vector<Slot>& slots) {
    std::vector<NodeId> found{self_.id};
    for (const Slot slot : slots)
      if (const NodeId& id = map_->at(slot).id; id != self_.id && map.slot_of(id) != kNoSlot) found.push_back(id);
    return found;
  };
  Recovery again{.by = self_.id,
                 .survivors = ids(map_->confirmers),
                 .voters = ids(map_->voters),
                 .draw = place_of(map_->epoch),
                 .given_up = map_->given_up,
                 .above = map_->epoch};
  if (again.voters.size() % 2 == 0) again.voters.pop_back();
  return again;
}

// Until that generation opens, it may still be made from what this node knows. The voters here are to decide no more
// either, as what is void gains members by it.
void EmbeddedAgreement::note_void(const MapUpdate& by, AgreementEffects& effects) {
  if (by.map->is_recovering() || voided_by_ != nullptr) return;
  voided_by_ = by.map;
  const Announce news(MapUpdate{.map = by.map});
  for (const Slot voter : map_->voters)
    if (map_->at(voter).id != self_.id) effects.calls.push_back({.to = map_->at(voter).id, .request = news});
}

// What they granted in the former generation runs out before anybody can be granted anything in this one.
void EmbeddedAgreement::open_generation(TimePoint now, AgreementEffects& effects) {
  if (have_all_left()) {
    if (!opens_at_) opens_at_ = now + rules_.feared();
    if (now >= *opens_at_) decree(opened(*map_), effects);
    return;
  }
  if (now < confirm_at_) return;
  confirm_at_ = now + kConfirmEvery;
  for (const NodeId& id : unconfirmed()) effects.calls.push_back({.to = id, .request = Adopt{.update = {.map = map_}}});
}

std::vector<NodeId> EmbeddedAgreement::unconfirmed() const {
  std::vector<NodeId> nodes;
  for (const Slot slot : map_->confirmers)
    if (const NodeId& id = map_->at(slot).id; !confirmed_.contains(id)) nodes.push_back(id);
  return nodes;
}

TimePoint EmbeddedAgreement::opening_due_at() const {
  if (opens_at_) return *opens_at_;
  return have_all_left() ? TimePoint::min() : confirm_at_;
}

bool EmbeddedAgreement::have_all_left() const { return confirmed_.size() == map_->confirmers.size(); }

// Whoever has confirmed has no part in the former generation, also after its restart. Whoever knows more stays there,
// until the map that it is to adopt has that, too.
void EmbeddedAgreement::answer(const Sender& from, const Adopt& adopt, RequestId id, TimePoint now,
                               AgreementEffects& effects) {
  learn(adopt.update, now, effects);
  if (map_ == nullptr || decreed_ != nullptr) return reply(from, Noted{}, id, effects);
  if (adopt.update.map != nullptr && adopt.update.map->epoch > map_->epoch) {
    effects.answers.push_back({.to = id, .reply = {.body = NotAdopted{}, .update = MapUpdate{.map = map_}}});
    return;
  }
  reply_when_saved(from, Adopted{.epoch = map_->epoch}, id, effects);
}

}  // namespace p2p::cluster
