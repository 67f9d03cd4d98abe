// The part of an operator's recovery that one node plays (J5): part of embedded_agreement.h.
#include "cluster/embedded/embedded_agreement.h"

#include <algorithm>

namespace p2p::cluster {

Result<Done> EmbeddedAgreement::recover(const Recovery& recovery, AgreementEffects& effects) {
  if (map_ == nullptr || decreed_ != nullptr) return Error{ErrorKind::invalid, "it is too early, or under way"};
  Result<ClusterMap> next = recovered(*map_, recovery);
  if (!next.ok()) return next.error();
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

// Whoever has confirmed has no part in the former generation, also after its restart.
void EmbeddedAgreement::answer(const Sender& from, const Adopt& adopt, RequestId id, TimePoint now,
                               AgreementEffects& effects) {
  learn(adopt.update, now, effects);
  if (map_ == nullptr || decreed_ != nullptr) return reply(from, Noted{}, id, effects);
  reply_when_saved(from, Adopted{.epoch = map_->epoch}, id, effects);
}

}  // namespace p2p::cluster
