// When do acknowledgements leave, and what is due (W3, W4)?
#include "replication/content.h"
#include "replication/replicas.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

// One for all that came together.
Effects::Send Replicas::ack_of(const HeldPartition& one) const {
  const CopyState& state = one.state;
  return {one.source.primary,
          {.head = {.partition = one.assignment.partition,
                    .epoch = site_.map.epoch,
                    .term = one.assignment.term,
                    .stream = one.source.stream},
           .body = Ack{.position = state.position,
                       .is_complete = state.is_complete && !state.has_suspects(),
                       .filled = one.source.filled,
                       .full = site_.memory.full()}}};
}

// Whoever hears of it knows it for all partitions. But a primary does not listen in one that it has just lost, so it is
// told in each: a change is rare.
void Replicas::measure_memory() {
  if (!site_.memory.is_set() || !site_.memory.measure(site_.engine.memory_bytes())) return;
  for (const auto& one : site_.held) {
    if (one == nullptr || one->source.stream == 0) continue;
    one->source.owes_ack = true;
    site_.mark_dirty(*one);
  }
}

void Replicas::flush(Moment moment, Effects& effects) {
  measure_memory();
  if (site_.dirty.empty() || site_.failure) return;
  RunningSync sync{.id = last_sync_ + 1, .asked_at = moment.now};
  for (HeldPartition* one : site_.dirty) {
    one->is_dirty = false;
    const bool owes_ack = std::exchange(one->source.owes_ack, false) && one->source.stream != 0;
    if (!site_.options.is_durable) {
      if (owes_ack) effects.sends.push_back(ack_of(*one));
      continue;
    }
    effects.changed.push_back(one->assignment.partition);
    ToBeSynced& part = sync.parts.emplace_back(ToBeSynced{.held = one});
    if (owes_ack) part.ack = ack_of(*one);
    if (one->primary != nullptr) {
      part.term = one->assignment.term;
      part.position = one->state.position;
    }
  }
  site_.dirty.clear();
  if (!site_.options.is_durable) return;
  effects.sync = last_sync_ = sync.id;
  syncs_.push_back(std::move(sync));
}

// A durable engine acknowledges after the sync (W3); the primary's own counts as well (W4).
void Replicas::on_synced(SyncId id, Moment moment, Effects& effects) {
  while (!syncs_.empty() && syncs_.front().id <= id) {
    const RunningSync synced = std::move(syncs_.front());
    syncs_.pop_front();
    for (const ToBeSynced& part : synced.parts) {
      const bool is_followed =
          part.ack.to == part.held->source.primary && part.ack.message.head.stream == part.held->source.stream;
      if (part.ack.to != kNoNode && is_followed) effects.sends.push_back(part.ack);
      if (part.term != 0 && part.held->primary != nullptr)
        part.held->primary->on_synced(part.term, part.position, moment, effects);
    }
  }
}

void Replicas::tick(Moment moment, Effects& effects) {
  const bool is_late = ticked_for_ != TimePoint::max() && moment.now > ticked_for_ + kReplicationLateMin;
  for (HeldPartition* one : site_.active)
    if (is_late && one->primary != nullptr) one->primary->forgive(moment.now - ticked_for_);
  const std::vector<HeldPartition*> looked_at = std::exchange(site_.active, {});
  for (HeldPartition* one : looked_at) {
    one->is_active = false;
    if (one->primary == nullptr) continue;
    one->primary->tick(moment, effects);
    if (one->primary->needs_tick()) site_.activate(*one);
  }
  sweep_.step(moment, effects);
  drop_material(moment.now, effects);
  ticked_for_ = site_.active.empty() ? TimePoint::max() : moment.now + kReplicationTick;
}

// Not at all where the memory is wanted for what counts.
Duration Replicas::material_kept() const {
  return site_.memory.full() ? Duration::zero() : site_.options.material_kept;
}

// What nobody has asked for in such a time may go. A partition without a role is not the last copy: the last one stays
// in in_sync (M3, I9).
void Replicas::drop_material(TimePoint now, Effects& effects) {
  if (!site_.map.has_this_boot || site_.failure) return;
  std::erase_if(material_, [&](Partition partition) {
    HeldPartition& one = *site_.held[partition];
    if (one.assignment.role != Role::none) return true;
    if (one.is_dirty || now - material_kept() < one.material_since) return false;
    start_empty(one, effects);
    site_.mark_dirty(one);
    return true;
  });
}

TimePoint Replicas::next_wakeup() const {
  const TimePoint sweep = sweep_.next_step();
  if (!site_.active.empty()) return ticked_for_ == TimePoint::max() ? TimePoint::min() : std::min(sweep, ticked_for_);
  if (material_.empty() || !site_.map.has_this_boot || site_.failure) return sweep;
  TimePoint first = TimePoint::max();
  for (const Partition partition : material_) first = std::min(first, held(partition)->material_since);
  return std::min(sweep, first == TimePoint::max() ? first : first + material_kept());
}

}  // namespace p2p::diststore::replication
