// What does a member tell the host of its partitions, and how does it hand a primary over (H1)?
#include "cluster/member/cluster_member.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace p2p::cluster {

// `self`: this process's slot; kNoSlot before the map has its boot: no role until then (B1).
Assignment ClusterMember::assignment(PartitionNumber number, Slot self) const {
  const Partition& partition = map()->partitions[number];
  Assignment is{.partition = number, .term = partition.term, .born = partition.born};
  if (self == kNoSlot) return is;
  if (partition.primary == self) {
    is.role = Role::primary;
  } else if (partition.is_in_sync(self)) {
    is.role = Role::in_sync;
  } else if (const Learner* learner = partition.learner(self)) {
    is.role = Role::learner;
    is.since = learner->since;
  }
  return is;
}

void ClusterMember::tell_host(TimePoint now) {
  assignments_.resize(map()->partitions.size());
  has_learners_ = false;
  const Slot slot = self_slot();
  const Slot self = slot != kNoSlot && map()->at(slot).boot == self_.boot ? slot : kNoSlot;
  std::vector<Assignment> changed;
  for (PartitionNumber number = 0; number < assignments_.size(); ++number) {
    const Assignment is = assignment(number, self);
    has_learners_ = has_learners_ || (is.role == Role::primary && !map()->partitions[number].learners.empty());
    if (is == assignments_[number]) continue;
    assignments_[number] = is;
    changed.push_back(is);
  }
  host_.on_map(map(), changed, now);
}

// Whom does a partition go to whose data this node has lost? Whoever has it and holds partitions serves it at once; one
// that is to hold none any more may have lost it as well, and then hands it on. Where nobody else has it, it begins
// empty, here if this node can serve it; others share what it cannot.
Slot ClusterMember::heir_of(PartitionNumber number) const {
  const Partition& partition = map()->partitions[number];
  const Slot self = self_slot();
  Slots heirs;
  if (partition.in_sync.size() > 1) {
    std::ranges::copy_if(partition.in_sync, std::back_inserter(heirs), [&](Slot copy) { return copy != self; });
    std::stable_partition(heirs.begin(), heirs.end(), [&](Slot copy) { return map()->at(copy).holds_partitions; });
    return heirs.front();
  }
  if (host_.serves_here()) return kNoSlot;
  for (std::size_t at = 0; at < map()->members.size(); ++at) {
    const auto slot = static_cast<Slot>(at);
    if (slot != self && map()->is_up(slot) && map()->at(slot).holds_partitions) heirs.push_back(slot);
  }
  return heirs.empty() ? kNoSlot : heirs[number % heirs.size()];
}

void ClusterMember::hand_over_lost(TimePoint now) {
  for (const PartitionNumber number : host_.lost()) {
    const Partition& partition = map()->partitions[number];
    if (partition.primary != self_slot() || handovers_.contains(number)) continue;
    if (const Slot to = heir_of(number); to != kNoSlot)
      handovers_[number] = {.term = partition.term, .to = map()->at(to).id, .begun_at = now};
  }
}

void ClusterMember::advance_handovers(TimePoint now) {
  hand_over_lost(now);
  std::vector<Consent> consents;
  for (auto at = handovers_.begin(); at != handovers_.end();) {
    auto& [number, handover] = *at;
    if (!handover.consented_at && host_.has_stopped(number, handover.term)) handover.consented_at = now;
    if (!handover.consented_at && now >= handover.begun_at + kStopMax) {
      if (host_.resume(number, handover.term, now)) {  // given up before the consent
        at = handovers_.erase(at);
        continue;
      }
      handover.consented_at = now;
    }
    if (handover.consented_at) consents.push_back({.partition = number, .term = handover.term});
    ++at;
  }
  agreement_->set_consents(std::move(consents));
}

}  // namespace p2p::cluster
