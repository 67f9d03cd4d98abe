#include "cluster/planner/partition_steps.h"

#include <algorithm>
#include <utility>

namespace p2p::cluster {

PartitionSteps::PartitionSteps(const Situation& situation)
    : now_(situation),
      map_(situation.map),
      holders_(situation.map),
      target_(situation.target),
      is_settling_(situation.ages.has_joined_lately(situation.policy.settle_after, situation.now)),
      is_calm_(!is_settling_ && !situation.ages.may_regain_member(situation.policy.restore_after, situation.now)),
      has_data_(situation.map.has_holders()),
      fills_(map_.members.size()),
      hand_overs_(map_.members.size()),
      is_listed_(map_.partitions.size()) {}

Steps PartitionSteps::list() && {
  count_fills();
  start_empty();
  for (PartitionNumber number = 0; number < map_.partitions.size(); ++number)
    if (has_source(number)) find_missing(number);
  hand_over();
  add(Reason::below_minimum);
  add(Reason::lost);
  add(Reason::given_away);
  for (PartitionNumber number = 0; number < map_.partitions.size(); ++number) {
    if (has_source(number))
      end_surplus(number);
    else
      release_leavers(number);
  }
  add(Reason::balance);
  return std::move(steps_);
}

bool PartitionSteps::has_source(PartitionNumber number) const {
  return map_.is_up(map_.partitions[number].primary) && !target_.copies[number].empty();
}

// --- copies ----------------------------------------------------------------------------------------------------------

// I9: only what has no data that could come back.
void PartitionSteps::start_empty() {
  if (map_.durability == Durability::durable) return;
  for (PartitionNumber number = 0; number < map_.partitions.size(); ++number) {
    const Partition& partition = map_.partitions[number];
    const auto is_gone = [&](Slot copy) { return now_.ages.is_down_for(copy, now_.policy.remove_after, now_.now); };
    if (target_.primaries[number] != kNoSlot && std::ranges::all_of(partition.in_sync, is_gone))
      request(StartEmpty{.partition = number, .at = id_of(target_.primaries[number]), .term = partition.term});
  }
}

void PartitionSteps::find_missing(PartitionNumber number) {
  const Partition& partition = map_.partitions[number];
  std::size_t copies = partition.in_sync.size();
  std::size_t learners = partition.learners.size();
  for (const Learner& learner : partition.learners) copies += target_.has(number, learner.node) ? 1 : 0;
  // A member that takes no copies keeps its place, as it may have room again. Below copies_min even erases wait for a
  // copy, and its headroom is for that: where nobody else is to have one.
  for (const bool takes_copies : {true, false}) {
    for (const Slot node : target_.copies[number]) {
      if (map_.at(node).takes_copies != takes_copies || partition.is_in_sync(node) ||
          partition.learner(node) != nullptr)
        continue;
      if (learners == kLearnersMax || partition.in_sync.size() + learners == kCopiesMax) return;
      const Missing missing{.partition = number, .to = node, .reason = reason_for(number, copies)};
      if (!takes_copies && missing.reason != Reason::below_minimum) return;
      ++copies;  // Also one that is waited for: what is beyond it is added for another reason.
      if (may_wait(missing)) continue;
      missing_.push_back(missing);
      ++learners;
    }
  }
}

// With so many copies there or on the way.
PartitionSteps::Reason PartitionSteps::reason_for(PartitionNumber number, std::size_t copies) const {
  const std::size_t wanted = target_.copies[number].size();
  if (copies < std::min<std::size_t>(map_.copies_min, wanted)) return Reason::below_minimum;
  if (copies < wanted) return Reason::lost;
  const bool all_hold =
      std::ranges::all_of(map_.partitions[number].in_sync, [&](Slot copy) { return holders_.include(map_.at(copy)); });
  return all_hold ? Reason::balance : Reason::given_away;
}

// I4.
bool PartitionSteps::may_wait(const Missing& missing) const {
  if (is_settling_ && !has_data_) return true;
  switch (missing.reason) {
    case Reason::below_minimum:
    case Reason::given_away:
      return false;
    case Reason::lost:
      return now_.ages.may_regain_copy(missing.partition, now_.policy.restore_after, now_.now);
    case Reason::balance:
      return !is_calm_;
  }
  return false;
}

void PartitionSteps::add(Reason reason) {
  const std::size_t max = reason == Reason::balance ? now_.policy.balance_moves_max : now_.policy.moves_max;
  for (const Missing& missing : missing_) {
    const Slot from = map_.partitions[missing.partition].primary;
    if (missing.reason != reason || !fills_.have_room(from, missing.to, max) ||
        steps_.requests.size() >= now_.policy.requests_max)
      continue;
    fills_.count(from, missing.to);
    request(AddLearner{.partition = missing.partition, .node = id_of(missing.to)});
  }
}

// Copies that are in sync beyond those wanted, and learners that are not wanted. The primary stays until it has handed
// over (I1).
void PartitionSteps::end_surplus(PartitionNumber number) {
  const Partition& partition = map_.partitions[number];
  for (const Learner& learner : partition.learners)
    if (!target_.has(number, learner.node))
      request(RemoveLearner{.partition = number, .node = id_of(learner.node), .since = learner.since});
  std::size_t left = partition.in_sync.size();
  for (const Slot copy : partition.in_sync) {
    if (left <= target_.copies[number].size()) return;
    if (target_.has(number, copy) || copy == partition.primary || is_promised(number, copy)) continue;
    request(TakeOutOfSync{.partition = number, .node = id_of(copy), .term = partition.term});
    --left;
  }
}

// J3: whoever leaves does not wait for a copy of data that nobody can send, and that may never come back.
void PartitionSteps::release_leavers(PartitionNumber number) {
  for (const Learner& learner : map_.partitions[number].learners)
    if (!holders_.include(map_.at(learner.node)))
      request(RemoveLearner{.partition = number, .node = id_of(learner.node), .since = learner.since});
}

bool PartitionSteps::is_promised(PartitionNumber number, Slot to) const {
  return std::ranges::any_of(steps_.hand_overs,
                             [&](const HandOver& one) { return one.partition == number && one.to == to; });
}

// --- primaries -------------------------------------------------------------------------------------------------------

// Those that are under way go on; then those of members that leave come (J3), and those for balance.
void PartitionSteps::hand_over() {
  for (const HandOver& one : now_.under_way)
    if (one.partition < map_.partitions.size() && can_hand_over(one.partition) &&
        one.from == map_.partitions[one.partition].primary && one.to == target_.primaries[one.partition])
      list_hand_over(one.partition);
  begin_hand_overs([&](Slot from) { return !holders_.include(map_.at(from)); });
  if (is_calm_) begin_hand_overs([](Slot) { return true; });
}

void PartitionSteps::begin_hand_overs(const std::function<bool(Slot)>& of) {
  for (PartitionNumber number = 0; number < map_.partitions.size(); ++number) {
    const Slot from = map_.partitions[number].primary;
    if (can_hand_over(number) && of(from) &&
        hand_overs_.have_room(from, target_.primaries[number], now_.policy.moves_max))
      list_hand_over(number);
  }
}

bool PartitionSteps::can_hand_over(PartitionNumber number) const {
  const Partition& partition = map_.partitions[number];
  return !is_listed_[number] && has_source(number) && target_.primaries[number] != partition.primary &&
         partition.is_in_sync(target_.primaries[number]);
}

void PartitionSteps::list_hand_over(PartitionNumber number) {
  const HandOver one{.partition = number, .from = map_.partitions[number].primary, .to = target_.primaries[number]};
  is_listed_[number] = true;
  hand_overs_.count(one.from, one.to);
  steps_.hand_overs.push_back(one);
}

// --- limits ----------------------------------------------------------------------------------------------------------

void PartitionSteps::count_fills() {
  for (const Partition& partition : map_.partitions)
    for (const Learner& learner : partition.learners) fills_.count(partition.primary, learner.node);
}

void PartitionSteps::Moves::count(Slot from, Slot to) {
  ++gives[from];
  ++receives[to];
}

void PartitionSteps::request(const Request& request) {
  if (steps_.requests.size() < now_.policy.requests_max) steps_.requests.push_back(request);
}

}  // namespace p2p::cluster
