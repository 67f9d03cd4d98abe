// What becomes of the partitions of a node with a new map (I2, I9, B1, H1)?
#include "replication/content.h"
#include "replication/replicas.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

void Replicas::on_map(const MapFacts& map, std::span<const Assignment> changed, Moment moment, Effects& effects) {
  if (map.epoch <= site_.map.epoch) return;
  site_.map = map;
  for (const Assignment& next : changed) assign(next, moment, effects);
  site_.copies.follow(map.epoch);
  take_waiting(moment, effects);
  if (!map.has_this_boot) return;
  for (const Partition partition : material_)
    held(partition)->material_since = std::min(held(partition)->material_since, moment.now);
}

void Replicas::assign(const Assignment& next, Moment moment, Effects& effects) {
  if (next.role == Role::none && held(next.partition) == nullptr) return;
  HeldPartition& one = hold(next.partition);
  const Assignment before = std::exchange(one.assignment, next);
  const bool is_same_copy = before.role == next.role && before.term == next.term && before.since == next.since;
  if (!is_same_copy) site_.copies.close(next.partition);
  if (!is_same_copy) one.source = {};
  one.has_had_others = one.has_had_others || one.assignment.has_others();
  if (next.role == Role::primary) return lead(one, before.term != next.term, moment, effects);
  if (one.primary != nullptr) stop_leading(one, effects);
  if (next.role != Role::none || before.role == Role::none) return;
  one.material_since = moment.now;
  material_.push_back(next.partition);
}

void Replicas::lead(HeldPartition& one, bool is_new_term, Moment moment, Effects& effects) {
  if (one.state.born != one.assignment.born) {
    start_empty(one, effects);
    // What began before, by this node's clock, may have been done in the history that is gone (decision 44).
    one.state.operations = {.highest = moment.wall * kOperationsPerMs, .forgotten = moment.wall * kOperationsPerMs};
  }
  const bool is_new = one.primary == nullptr;
  if (is_new) one.primary = std::make_unique<Primary>(site_, one);
  if (is_new || is_new_term)
    one.primary->begin_term(moment, effects);
  else
    one.primary->update(moment, effects);
}

// The partition has no content (I9, B2), or none that counts (I7).
void Replicas::start_empty(HeldPartition& one, Effects& effects) {
  if (one.primary != nullptr) stop_leading(one, effects);
  Content(site_, one).drop();
  one.state = {};
  const bool is_primary = one.assignment.role == Role::primary;
  one.state.born = is_primary ? one.assignment.born : 0;
  one.state.is_complete = is_primary;
  site_.logs.begin(one.assignment.partition, one.log, 0);
  one.has_had_others = one.assignment.has_others();
}

void Replicas::stop_leading(HeldPartition& one, Effects& effects) {
  one.primary->end(effects);
  one.primary.reset();
}

// --- hand-over -------------------------------------------------------------------------------------------------------

void Replicas::stop_serving(Partition partition, Epoch term, Moment moment, Effects& effects) {
  Primary* const primary = primary_in(partition, term);
  if (primary != nullptr) primary->stop(moment, effects);
}

bool Replicas::try_consent(Partition partition, Epoch term) {
  Primary* const primary = primary_in(partition, term);
  return primary != nullptr && primary->try_consent();
}

}  // namespace p2p::diststore::replication
