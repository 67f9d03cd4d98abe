#include "cluster/map/recover.h"

#include <p2p/assert.h>

#include <algorithm>
#include <string>

namespace p2p::cluster {

namespace {

Error recovery_refusal(std::string why) { return Error{ErrorKind::invalid, std::move(why)}; }

bool is_among(const std::vector<NodeId>& nodes, const NodeId& one) {
  return std::ranges::find(nodes, one) != nodes.end();
}

Result<Done> check(const ClusterMap& map, const Recovery& recovery) {
  if (!is_among(recovery.survivors, recovery.by)) return recovery_refusal("whoever recovers is no survivor");
  for (const NodeId& survivor : recovery.survivors)
    if (map.slot_of(survivor) == kNoSlot) return recovery_refusal(survivor.text() + " is no member");
  if (recovery.voters.size() % 2 == 0 || recovery.voters.size() > kVotersMax)
    return recovery_refusal("the number of voters is odd, and at most " + std::to_string(kVotersMax));
  for (const NodeId& voter : recovery.voters)
    if (!is_among(recovery.survivors, voter)) return recovery_refusal(voter.text() + " is to vote, and is no survivor");
  return Done{};
}

Epoch first_epoch(const ClusterMap& map, const Recovery& recovery) {
  const Epoch place = recovery.draw % kRecoveriesOfGeneration;
  const Epoch first = (map.generation + 1) * kEpochsOfGeneration + place * kEpochsOfRecovery;
  return std::max({map.epoch, recovery.above, first}) + 1;
}

// Without a recovery all epochs are of one history, however many they are.
Epoch history_of(Epoch epoch) { return epoch < kEpochsOfGeneration ? 0 : epoch / kEpochsOfRecovery; }

std::vector<Slot> slots_of(const ClusterMap& map, const std::vector<NodeId>& nodes) {
  std::vector<Slot> slots;
  for (const NodeId& node : nodes) slots.push_back(map.slot_of(node));
  std::ranges::sort(slots);
  return slots;
}

// Where partitions begin empty whose copies are all given up, in turn.
class Heirs final {
 public:
  Heirs(const ClusterMap& map, const std::vector<NodeId>& survivors, Slot otherwise) {
    const Holders may_hold(map);
    for (const Slot slot : slots_of(map, survivors))
      if (map.is_up(slot) && may_hold.may_include(map.at(slot)) && map.at(slot).weight > 0) heirs_.push_back(slot);
    if (heirs_.empty()) heirs_.push_back(otherwise);
  }
  Slot next() { return heirs_[next_++ % heirs_.size()]; }

 private:
  std::vector<Slot> heirs_;
  std::size_t next_ = 0;
};

bool is_gone(const std::vector<Slot>& gone, Slot slot) { return std::ranges::find(gone, slot) != gone.end(); }

template <class Items, class IsOut>
void take_out(Items& items, IsOut is_out) {
  items.erase(std::remove_if(items.begin(), items.end(), is_out), items.end());
}

// A new term everywhere, and no learner: what was said, asked or written of the partition by who knew more than this
// map is of another term or assignment then (I3, W3), and its copies compare what they have (I5).
void go_on_without(Partition& partition, const std::vector<Slot>& gone, Epoch epoch, Heirs& heirs) {
  const auto is_of_gone = [&](Slot slot) { return is_gone(gone, slot); };
  partition.learners.clear();
  partition.term = epoch;
  take_out(partition.in_sync, is_of_gone);
  if (partition.in_sync.empty()) {
    partition.in_sync = {heirs.next()};
    partition.born = epoch;
  }
  if (is_of_gone(partition.primary) || partition.born == epoch) partition.primary = partition.in_sync.front();
}

// Also who votes no more in this map, but did in the one that the operator looked at.
std::vector<Slot> all_given_up(const ClusterMap& map, const Recovery& recovery) {
  std::vector<Slot> gone = given_up(map, recovery.survivors);
  for (const NodeId& node : recovery.given_up)
    if (const Slot slot = map.slot_of(node); slot != kNoSlot && !is_gone(gone, slot)) gone.push_back(slot);
  return gone;
}

std::vector<NodeId> ids_of(const ClusterMap& map, const std::vector<Slot>& slots, std::vector<NodeId> before) {
  for (const Slot slot : slots)
    if (!is_among(before, map.at(slot).id)) before.push_back(map.at(slot).id);
  return before;
}

}  // namespace

std::vector<Slot> given_up(const ClusterMap& map, const std::vector<NodeId>& survivors) {
  std::vector<Slot> gone = map.voters;
  std::erase_if(gone, [&](Slot voter) { return is_among(survivors, map.at(voter).id); });
  return gone;
}

std::vector<std::uint32_t> lost_with(const ClusterMap& map, const std::vector<Slot>& gone) {
  std::vector<std::uint32_t> lost;
  for (std::size_t number = 0; number < map.partitions.size(); ++number)
    if (std::ranges::all_of(map.partitions[number].in_sync, [&](Slot copy) { return is_gone(gone, copy); }))
      lost.push_back(static_cast<std::uint32_t>(number));
  return lost;
}

Epoch acted_by(const ClusterMap& map) { return map.is_recovering() ? map.recovered_from : map.epoch; }

bool descends_from(const ClusterMap& map, Epoch epoch) {
  const auto is_until = [epoch](Epoch newest) { return history_of(epoch) == history_of(newest) && epoch <= newest; };
  return is_until(map.epoch) || is_until(map.recovered_from);
}

std::uint64_t place_of(Epoch epoch) { return epoch % kEpochsOfGeneration / kEpochsOfRecovery; }

Result<ClusterMap> recovered(const ClusterMap& map, const Recovery& recovery) {
  if (const auto checked = check(map, recovery); !checked.ok()) return checked.error();
  const std::vector<Slot> gone = all_given_up(map, recovery);
  ClusterMap next = map;
  next.epoch = next.voters_since = first_epoch(map, recovery);
  next.generation = std::max(map.generation + 1, recovery.above / kEpochsOfGeneration);
  next.recovered_from = acted_by(map);
  next.recovered_by = recovery.by;
  next.confirmers = slots_of(map, recovery.survivors);
  std::erase(next.confirmers, map.slot_of(recovery.by));
  next.given_up = ids_of(map, gone, recovery.given_up);
  next.voters = slots_of(map, recovery.voters);
  for (const Slot slot : gone) next.members[slot] = Member{};
  Heirs heirs(next, recovery.survivors, next.slot_of(recovery.by));
  for (Partition& partition : next.partitions) go_on_without(partition, gone, next.epoch, heirs);
  if (const std::string why = unsoundness(next); !why.empty()) return recovery_refusal(why);
  return next;
}

ClusterMap opened(const ClusterMap& map) {
  P2P_ASSERT(map.is_recovering(), "only a generation that a recovery has begun is opened");
  ClusterMap next = map;
  next.voters_since = ++next.epoch;
  next.recovered_by = {};
  next.confirmers.clear();
  next.given_up.clear();
  return next;
}

}  // namespace p2p::cluster
