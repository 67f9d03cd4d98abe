#include "cluster/map/apply.h"

#include <algorithm>
#include <string>
#include <utility>

namespace p2p::cluster {

namespace {

Error refusal(std::string why) { return Error{ErrorKind::invalid, std::move(why)}; }

Error no_member(const NodeId& id) { return refusal(id.text() + " is no member"); }

Error not_up(const NodeId& id) { return refusal(id.text() + " is no member that is up"); }

void end_assignment(Partition& partition, Slot node) {
  const auto learner = std::ranges::find(partition.learners, node, &Learner::node);
  if (learner != partition.learners.end()) partition.learners.erase(learner);
}

// The first other member of in_sync takes over from `node`. The last one stays (M3).
void take_out(Partition& partition, Slot node) {
  if (partition.in_sync.size() < 2) return;
  const auto copy = std::ranges::find(partition.in_sync, node);
  if (copy == partition.in_sync.end()) return;
  partition.in_sync.erase(copy);
  if (partition.primary == node) partition.primary = partition.in_sync.front();
}

bool have_equal_members(const Partition& one, const Partition& other) {
  return one.in_sync.size() == other.in_sync.size() &&
         std::ranges::all_of(one.in_sync, [&](Slot copy) { return other.is_in_sync(copy); });
}

}  // namespace

bool is_as_said(const Member& member, const Up& up) {
  return member.is_up() && member.boot == up.boot && member.address == up.address && member.services == up.services &&
         member.holds_partitions == up.holds_partitions && member.feature_level == up.feature_level &&
         member.takes_copies == up.takes_copies;
}

NextMap::NextMap(const ClusterMap& map) : before_(map), next_(map), restarted_(map.partitions.size()) { ++next_.epoch; }

Result<Done> NextMap::apply(const Request& request) {
  if (change_.requests.size() >= kRequestsMax) return refusal("a change has no more room");
  const bool is_of_voters = std::holds_alternative<SetVoters>(request);
  if (!change_.requests.empty() && (is_of_voters || std::holds_alternative<SetVoters>(change_.requests.front())))
    return refusal("a change of voters changes nothing else");  // A6
  Result<Done> applied = std::visit([this](const auto& one) { return apply_to_next(one); }, request);
  if (applied.ok()) change_.requests.push_back(request);
  const bool is_of_members = std::holds_alternative<Join>(request) || std::holds_alternative<Up>(request) ||
                             std::holds_alternative<Remove>(request);
  if (is_of_members) holders_.reset();
  return applied;
}

// --- members ---------------------------------------------------------------------------------------------------------

Slot NextMap::up_member(const NodeId& id) const {
  const Slot slot = next_.slot_of(id);
  return next_.is_up(slot) ? slot : kNoSlot;
}

bool NextMap::may_hold(Slot node) {
  if (!holders_) holders_.emplace(next_);
  return holders_->may_include(next_.members[node]);
}

Slot NextMap::free_slot() const {
  // A slot that this very change has freed may still stand in what others remember of the map before.
  for (std::size_t slot = 0; slot < before_.members.size(); ++slot)
    if (next_.members[slot].id.empty() && before_.members[slot].id.empty()) return static_cast<Slot>(slot);
  return next_.members.size() < kMembersMax ? static_cast<Slot>(next_.members.size()) : kNoSlot;
}

Result<Done> NextMap::apply_to_next(const Join& join) {
  if (join.member.id.empty() || join.member.boot.number == 0) return refusal("a member needs an id and a boot");
  if (next_.slot_of(join.member.id) != kNoSlot) return refusal(join.member.id.text() + " is a member already");
  if (next_.slot_at(join.member.address) != kNoSlot)
    return refusal(join.member.address.name() + " is the address of another member that is up");
  if (join.member.weight > kWeightMax) return refusal("a weight is at most " + std::to_string(kWeightMax));
  if (join.member.feature_level < next_.feature_level) return refusal("it does not know the feature level in force");
  const Slot slot = free_slot();
  if (slot == kNoSlot) return refusal("there are " + std::to_string(kMembersMax) + " members already");
  if (slot == next_.members.size()) next_.members.emplace_back();
  next_.members[slot] = join.member;
  next_.members[slot].state = MemberState::up;
  next_.members[slot].since = next_.epoch;
  return Done{};
}

Result<Done> NextMap::apply_to_next(const Up& up) {
  const Slot slot = next_.slot_of(up.node);
  if (slot == kNoSlot) return no_member(up.node);
  Member& member = next_.members[slot];
  if (up.boot.number < member.boot.number || is_copy(up.boot, member.boot))
    return refusal(up.node.text() + " runs in an earlier boot, or from a copied folder");                     // M5
  if (up.feature_level < next_.feature_level) return refusal("it does not know the feature level in force");  // M7
  const bool is_new_boot = up.boot != member.boot;
  if (is_as_said(member, up)) return refusal(up.node.text() + " is up already");
  const Slot at = next_.slot_at(up.address);
  if (at != kNoSlot && at != slot) return refusal(up.address.name() + " is the address of another member that is up");
  if (is_new_boot)
    for (PartitionNumber number = 0; number < next_.partitions.size(); ++number)
      restart_copy(slot, number, next_.partitions[number]);
  // Whoever only runs other services stays what it is, also while it leaves.
  const bool comes_up = is_new_boot || !member.is_up();
  if (comes_up) member.state = MemberState::up;
  if (comes_up || (up.holds_partitions && !member.holds_partitions)) member.since = next_.epoch;
  member.boot = up.boot;
  member.address = up.address;
  member.services = up.services;
  member.holds_partitions = up.holds_partitions;
  member.feature_level = up.feature_level;
  member.takes_copies = up.takes_copies;
  return Done{};
}

// B2. A new boot begins new assignments (M2).
void NextMap::restart_copy(Slot node, PartitionNumber number, Partition& partition) {
  end_assignment(partition, node);
  if (!partition.is_in_sync(node)) return;
  if (next_.durability == Durability::durable) {
    restarted_[number] = true;  // M1
  } else if (partition.in_sync.size() > 1) {
    take_out(partition, node);
  } else {
    start_empty(partition, node);
  }
}

// What learners have is of a history that has ended (M2).
void NextMap::start_empty(Partition& partition, Slot at) {
  partition.in_sync = {at};
  partition.primary = at;
  partition.learners.clear();
  partition.born = next_.epoch;
}

Result<Done> NextMap::apply_to_next(const Down& down) {
  const Slot slot = up_member(down.node);
  if (slot == kNoSlot) return not_up(down.node);
  if (next_.members[slot].boot != down.boot) return refusal(down.node.text() + " runs in another boot by now");
  next_.members[slot].state = MemberState::down;
  next_.members[slot].since = next_.epoch;
  for (Partition& partition : next_.partitions) {
    end_assignment(partition, slot);
    take_out(partition, slot);
  }
  return Done{};
}

Result<Done> NextMap::apply_to_next(const Leave& leave) {
  const Slot slot = up_member(leave.node);
  if (slot == kNoSlot || next_.members[slot].boot != leave.boot) return not_up(leave.node);
  if (next_.members[slot].state == MemberState::leaving) return refusal(leave.node.text() + " is leaving already");
  next_.members[slot].state = MemberState::leaving;
  next_.members[slot].since = next_.epoch;
  return Done{};
}

Result<Done> NextMap::apply_to_next(const Remove& remove) {
  const Slot slot = next_.slot_of(remove.node);
  if (slot == kNoSlot) return no_member(remove.node);
  if (next_.members[slot].state == MemberState::up) return refusal(remove.node.text() + " is neither down nor leaving");
  if (next_.is_voter(slot)) return refusal(remove.node.text() + " votes");
  const auto holds = [&](const Partition& partition) {
    return partition.is_in_sync(slot) || partition.learner(slot) != nullptr;
  };
  if (std::ranges::any_of(next_.partitions, holds)) return refusal(remove.node.text() + " holds a partition");
  next_.members[slot] = Member{};
  return Done{};
}

Result<Done> NextMap::apply_to_next(const Describe& describe) {
  const Slot slot = next_.slot_of(describe.node);
  if (slot == kNoSlot) return no_member(describe.node);
  if (describe.weight && *describe.weight > kWeightMax)
    return refusal("a weight is at most " + std::to_string(kWeightMax));
  Member& member = next_.members[slot];
  if (describe.zone) member.zone = *describe.zone;
  if (member.weight == 0 && describe.weight.value_or(0) > 0) member.since = next_.epoch;
  if (describe.weight) member.weight = *describe.weight;
  return Done{};
}

Result<Done> NextMap::apply_to_next(const RaiseFeatureLevel& raise) {
  if (raise.to <= next_.feature_level) return refusal("the feature level never falls");
  for (const Member& member : next_.members)
    if (!member.id.empty() && member.feature_level < raise.to) return refusal(member.id.text() + " knows less");
  next_.feature_level = raise.to;
  return Done{};
}

Result<Done> NextMap::apply_to_next(const SetVoters& set) {
  if (set.voters.size() % 2 == 0 || set.voters.size() > kVotersMax)
    return refusal("the number of voters is odd, and at most " + std::to_string(kVotersMax));
  std::vector<Slot> voters;
  for (const NodeId& voter : set.voters) {
    voters.push_back(next_.slot_of(voter));
    if (voters.back() == kNoSlot) return no_member(voter);
  }
  std::ranges::sort(voters);
  if (std::ranges::adjacent_find(voters) != voters.end()) return refusal("a voter is named twice");
  if (voters == next_.voters) return refusal("these are the voters already");
  const auto votes_in_vain = [&](Slot voter) { return !next_.is_up(voter) && !next_.is_voter(voter); };
  if (std::ranges::any_of(voters, votes_in_vain)) return refusal("a new voter is down");
  if (std::ranges::count_if(voters, [&](Slot voter) { return next_.is_up(voter); }) * 2 <= std::ssize(voters))
    return refusal("no majority of these voters is up");
  next_.voters = std::move(voters);
  next_.voters_since = next_.epoch;
  return Done{};
}

// --- partitions ------------------------------------------------------------------------------------------------------

Result<Partition*> NextMap::partition(PartitionNumber number) {
  if (number >= next_.partitions.size()) return refusal("there is no partition " + std::to_string(number));
  return &next_.partitions[number];
}

Result<Partition*> NextMap::partition_in(PartitionNumber number, Epoch term) {
  Result<Partition*> found = partition(number);
  if (found.ok() && before_.partitions[number].term != term)
    return refusal("partition " + std::to_string(number) + " is in another term by now");
  return found;
}

Result<Done> NextMap::apply_to_next(const AddLearner& add) {
  const Result<Partition*> found = partition(add.partition);
  if (!found.ok()) return found.error();
  Partition& wanted = *found.value();
  const Slot slot = up_member(add.node);
  if (slot == kNoSlot) return not_up(add.node);
  if (!may_hold(slot)) return refusal(add.node.text() + " holds no partitions");
  if (wanted.is_in_sync(slot) || wanted.learner(slot) != nullptr) return refusal(add.node.text() + " holds it already");
  if (wanted.born == next_.epoch) return refusal("the partition has just started empty");
  if (wanted.learners.size() == kLearnersMax || wanted.in_sync.size() + wanted.learners.size() >= kCopiesMax)
    return refusal("it has as many copies as a partition can have");
  wanted.learners.push_back({.node = slot, .since = next_.epoch});
  return Done{};
}

Result<Done> NextMap::apply_to_next(const RemoveLearner& remove) {
  const Result<Partition*> found = partition(remove.partition);
  if (!found.ok()) return found.error();
  const Slot slot = next_.slot_of(remove.node);
  const Learner* learner = found.value()->learner(slot);
  if (learner == nullptr || learner->since != remove.since) return refusal("that assignment has ended");
  end_assignment(*found.value(), slot);
  return Done{};
}

Result<Done> NextMap::apply_to_next(const PutInSync& put) {
  const Result<Partition*> found = partition_in(put.partition, put.term);
  if (!found.ok()) return found.error();
  const Slot slot = up_member(put.node);
  if (slot == kNoSlot) return not_up(put.node);
  const Learner* learner = found.value()->learner(slot);
  if (learner == nullptr || learner->since != put.since) return refusal("that assignment has ended");  // I3
  if (put.since == next_.epoch)
    return refusal("that assignment begins with this very change: nobody can have filled it");
  end_assignment(*found.value(), slot);
  found.value()->in_sync.push_back(slot);
  return Done{};
}

Result<Done> NextMap::apply_to_next(const TakeOutOfSync& take) {
  const Result<Partition*> found = partition_in(take.partition, take.term);
  if (!found.ok()) return found.error();
  const Slot slot = next_.slot_of(take.node);
  if (!found.value()->is_in_sync(slot)) return refusal(take.node.text() + " is not in sync");
  if (found.value()->primary == slot) return refusal(take.node.text() + " is the primary");  // I1
  take_out(*found.value(), slot);
  return Done{};
}

Result<Done> NextMap::apply_to_next(const MovePrimary& move) {
  const Result<Partition*> found = partition_in(move.partition, move.term);
  if (!found.ok()) return found.error();
  const Slot slot = up_member(move.to);
  if (slot == kNoSlot) return not_up(move.to);
  if (!found.value()->is_in_sync(slot)) return refusal(move.to.text() + " is not in sync");  // I2
  if (found.value()->primary == slot) return refusal(move.to.text() + " is the primary already");
  found.value()->primary = slot;
  return Done{};
}

Result<Done> NextMap::apply_to_next(const RenewTerm& renew) {
  const Result<Partition*> found = partition_in(renew.partition, renew.term);
  if (!found.ok()) return found.error();
  if (found.value()->primary != next_.slot_of(renew.primary))
    return refusal(renew.primary.text() + " is not the primary");
  restarted_[renew.partition] = true;
  return Done{};
}

Result<Done> NextMap::apply_to_next(const StartEmpty& start) {
  const Result<Partition*> found = partition_in(start.partition, start.term);
  if (!found.ok()) return found.error();
  const Slot slot = up_member(start.at);
  // Only that copy asks for it (may_ask), and elsewhere it has to consent (L4).
  const bool has_only_copy = found.value()->in_sync.size() == 1 && next_.durability == Durability::memory;
  if (has_only_copy && slot != kNoSlot && found.value()->is_in_sync(slot)) {
    start_empty(*found.value(), slot);
    return Done{};
  }
  if (slot == kNoSlot || !may_hold(slot)) return not_up(start.at);
  if (!has_only_copy && std::ranges::any_of(found.value()->in_sync, [&](Slot copy) { return next_.is_up(copy); }))
    return refusal("a member that is up has its data");  // I9
  start_empty(*found.value(), slot);
  return Done{};
}

// --- the end ---------------------------------------------------------------------------------------------------------

// After every change, whatever it was (M3), and M1.
void NextMap::settle(PartitionNumber number, Partition& partition) const {
  const auto is_up = [&](Slot copy) { return next_.is_up(copy); };
  if (std::ranges::any_of(partition.in_sync, is_up)) {
    partition.in_sync.erase(std::remove_if(partition.in_sync.begin(), partition.in_sync.end(), std::not_fn(is_up)),
                            partition.in_sync.end());
    if (!is_up(partition.primary)) partition.primary = partition.in_sync.front();
  }
  const Partition& before = before_.partitions[number];
  if (restarted_[number] || partition.born == next_.epoch || partition.primary != before.primary ||
      !have_equal_members(partition, before))
    partition.term = next_.epoch;
}

ClusterMap NextMap::finish() && {
  next_.hints.note(next_.members);
  for (PartitionNumber number = 0; number < next_.partitions.size(); ++number) settle(number, next_.partitions[number]);
  return std::move(next_);
}

Result<ClusterMap> apply(const ClusterMap& map, const Change& change) {
  if (change.requests.empty()) return refusal("it changes nothing");
  NextMap next(map);
  for (const Request& request : change.requests)
    if (const Result<Done> applied = next.apply(request); !applied.ok()) return applied.error();
  return std::move(next).finish();
}

std::vector<Loss> losses(const ClusterMap& before, const ClusterMap& after) {
  std::vector<Loss> all(before.members.size());
  for (std::size_t slot = 0; slot < all.size(); ++slot) {
    all[slot].node = static_cast<Slot>(slot);
    const Member& was = before.members[slot];
    const Member& is = after.members[slot];
    all[slot].loses_boot = was.is_up() && was.id == is.id && (!is.is_up() || is.boot != was.boot);
  }
  for (PartitionNumber number = 0; number < before.partitions.size(); ++number) {
    const Slot primary = before.partitions[number].primary;
    if (after.partitions[number].primary != primary) all[primary].primaries.push_back(number);
  }
  std::erase_if(all, [](const Loss& loss) { return !loss.loses_boot && loss.primaries.empty(); });
  return all;
}

}  // namespace p2p::cluster
