// What of a member has to outlive its process: part of adapter.h.
#include "agreed/adapter.h"

namespace p2p::agreed {

using cluster::Slot;

// Whoever is no member has promised nothing that must outlive it. A member that does not vote has only to find its way
// back: of many maps in a row it keeps the last.
void Adapter::keep(const cluster::AgreementEffects::Save& save, TimePoint now) {
  const Slot self = save.what.map == nullptr ? cluster::kNoSlot : save.what.map->slot_of(self_.id);
  const bool can_wait = !save.is_awaited && self != cluster::kNoSlot && !save.what.map->is_voter(self) &&
                        kept_voters_ == save.what.map->voters && now < kept_at_ + kKeepEvery;
  to_keep_.reset();
  if (can_wait) {
    to_keep_ = save;  // nobody waits for it
    return;
  }
  if (self == cluster::kNoSlot) {
    unwritten_ = save.id;
    return;
  }
  kept_at_ = now;
  kept_voters_ = save.what.map->voters;
  environment_.save(save.id, save.what);
}

void Adapter::keep_what_waits(TimePoint now) {
  if (!to_keep_ || now < kept_at_ + kKeepEvery) return;
  kept_at_ = now;
  environment_.save(to_keep_->id, to_keep_->what);
  to_keep_.reset();
}

void Adapter::saved(cluster::SaveId highest, TimePoint now, membership::Effects& effects) {
  with_member(now, effects, [&](auto& member, auto& wanted) { member.on_saved(highest, now, wanted); });
  advance(now, effects);
}

void Adapter::disk_failed(const Error& error, membership::Effects& effects) { give_up(error, effects); }

// It can promise nothing any more.
void Adapter::give_up(const Error& why, membership::Effects& effects) {
  halt();
  effects.farewell_done = true;
  environment_.end_node(why);
}

}  // namespace p2p::agreed
