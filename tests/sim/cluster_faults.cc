#include "cluster_world.h"

#include <algorithm>

namespace p2p::sim {

using namespace std::chrono_literals;
using cluster::Slot;

// Each seed is a world of its own kind: half of them of any, the others of what is rare in those.
void ClusterWorld::set_up() {
  constexpr Emphasis kKinds[] = {Emphasis::anything, Emphasis::duels,  Emphasis::anything, Emphasis::leases,
                                 Emphasis::anything, Emphasis::voters, Emphasis::anything, Emphasis::duels};
  emphasis_ = kKinds[options_.seed % 8];
  std::size_t nodes = options_.nodes != 0 ? options_.nodes : 3 + time_.below(7);
  if (emphasis_ == Emphasis::duels && !options_.is_scripted) nodes = 3 + time_.below(3);
  for (std::size_t at = 0; at < nodes; ++at) add_machine();
  for (std::size_t at = 0; at < nodes; ++at)
    time_.after(at == 0 ? 0s : time_.between(10ms, 300ms), [this, at] { start(at); });
  others_look_ = !options_.voters_look;
  if (options_.is_scripted) return;
  others_look_ = time_.happens(0.5);
  if (time_.happens(0.5)) loss_ = static_cast<double>(time_.below(100)) * 0.001;
  if (time_.happens(0.4)) long_delay_ = static_cast<double>(time_.below(50)) * 0.001;
  if (time_.happens(0.3)) crash_after_sync_ = 0.01;
  if (emphasis_ == Emphasis::duels) {
    long_delay_ = 0.1;
    crash_after_sync_ = 0.05;
  }
  odd_request_ = time_.happens(0.5) ? 0.3 : 0.02;
  loses_disks_ = time_.happens(0.4) && !options_.recovers;
  if (options_.recovers) time_.after(time_.between(2s, 5s), [this] { schedule_disaster(); });
  time_.after(1s, [this] { schedule_fault(); });
  time_.after(500ms, [this] { schedule_request(); });
}

ClusterWorld::Index ClusterWorld::any_machine() {
  // Voters and primaries are what matters.
  if (newest_ != nullptr && time_.happens(0.6)) {
    const Slot slot = time_.happens(0.5) ? newest_->voters[time_.below(newest_->voters.size())]
                                         : newest_->partitions[time_.below(newest_->partitions.size())].primary;
    return index_of(newest_->at(slot).id);
  }
  return time_.below(machines_.size());
}

Duration ClusterWorld::a_while() {
  switch (time_.below(3)) {
    case 0:
      return time_.between(5ms, 100ms);
    case 1:
      return time_.between(100ms, 1500ms);
    default:
      return time_.between(1s, 4s);
  }
}

void ClusterWorld::schedule_fault() {
  if (is_healed_) return;
  if (const auto left_out = options_.without.find(++faults_); left_out == options_.without.end())
    fault();
  else
    for (unsigned draws = 0; draws < left_out->second; ++draws) static_cast<void>(time_.below(2));
  time_.after(time_.between(50ms, 1500ms), [this] { schedule_fault(); });
}

// One at most, and never what nobody else knows: who loses a majority of voters for good has lost the network (J5).
bool ClusterWorld::can_lose_disk(Index at) const {
  if (!loses_disks_ || lost_a_disk_ || newest_ == nullptr || machines_[at]->is_gone) return false;
  std::size_t voters_left = 0;
  for (const Slot voter : newest_->voters) {
    const Index other = index_of(newest_->at(voter).id);
    const auto& map = machines_[other]->on_disk.map;
    if (other != at && map != nullptr && map->epoch == newest_->epoch) ++voters_left;
  }
  // Of two members one votes alone, and it may be chosen before the others know that it has lost its disk.
  const auto stays = [&](const cluster::Member& member) {
    return !member.id.empty() && member.state == cluster::MemberState::up && index_of(member.id) != at;
  };
  return voters_left >= newest_->majority() && std::ranges::count_if(newest_->members, stays) >= 3;
}

// The new majority knows nothing of the lease that the old one gave, and its holder does not hear of the change (L6).
void ClusterWorld::replace_voters_behind_a_lease() {
  const cluster::NodeId holder = newest_->at(newest_->partitions[time_.below(newest_->partitions.size())].primary).id;
  std::vector<cluster::NodeId> voters;
  const std::size_t first = time_.below(newest_->members.size());
  for (std::size_t step = 0; step < newest_->members.size() && voters.size() < 3; ++step) {
    const cluster::Member& member = newest_->at(static_cast<Slot>((first + step) % newest_->members.size()));
    if (member.is_up() && member.id != holder) voters.push_back(member.id);
  }
  if (voters.size() < 3 || machines_[index_of(voters[0])]->member == nullptr) return;
  const Duration length = time_.between(1s, 4s);
  for (const cluster::NodeId& voter : voters) {
    cut(index_of(holder), index_of(voter), length);
    if (time_.happens(0.7)) cut(index_of(voter), index_of(holder), length);
  }
  for (const Slot voter : newest_->voters) {
    send(index_of(voters[0]), index_of(newest_->at(voter).id),
         cluster::Suggest{.requests = {cluster::SetVoters{.voters = voters}}});
    const Index old = index_of(newest_->at(voter).id);
    if (time_.happens(0.5))
      time_.after(time_.between(5ms, 60ms), [this, old] { crash(old, time_.between(5ms, 40ms)); });
  }
}

void ClusterWorld::fault() {
  if (newest_ == nullptr) return;
  if (emphasis_ == Emphasis::voters && time_.happens(0.4)) return replace_voters_behind_a_lease();
  const Index at = any_machine();
  if (emphasis_ == Emphasis::leases && time_.happens(0.5)) return pause(at, time_.between(1200ms, 2500ms));
  const Duration length = a_while();
  switch (time_.below(11)) {
    case 0:
    case 1:
      return crash(at, length);
    case 2:
      return pause(at, length);
    case 3:
      return pause(at, time_.between(1200ms, 3s));  // beyond a lease
    case 4: {                                       // one is cut off, in one direction or both
      const std::uint64_t ways = 1 + time_.below(3);
      for (Index other = 0; other < machines_.size(); ++other) {
        if ((ways & 1) != 0) cut(at, other, length);
        if ((ways & 2) != 0) cut(other, at, length);
      }
      return;
    }
    case 5:
      return cut(at, any_machine(), length);
    case 6: {  // two groups
      const std::uint64_t group = time_.below(std::uint64_t{1} << machines_.size());
      for (Index one = 0; one < machines_.size(); ++one)
        for (Index other = 0; other < machines_.size(); ++other)
          if ((group >> one & 1) != (group >> other & 1)) cut(one, other, length);
      return;
    }
    case 7: {  // several at once
      for (Index one = 0; one < machines_.size(); ++one)
        if (time_.happens(0.3)) crash(one, time_.happens(0.5) ? time_.between(5ms, 200ms) : length);
      return;
    }
    case 8:
      return can_lose_disk(at) ? lose_disk(at) : crash(at, length);
    case 9: {  // one leaves, by the order of its operator (J3)
      if (machines_[at]->member == nullptr || lost_a_disk_ || options_.recovers || time_.happens(0.5)) return;
      trace("leave " + std::to_string(at));
      machines_[at]->member->leave();
      machines_[at]->member->let_go();
      return;
    }
    default: {
      if (machines_[at]->host == nullptr) return;
      machines_[at]->host->hang(true);
      time_.after(length, [this, at, life = machines_[at]->life] {
        if (machines_[at]->life == life) machines_[at]->host->hang(false);
      });
    }
  }
}

// --- what somebody wants ---------------------------------------------------------------------------------------------

void ClusterWorld::suggest(cluster::Request request) {
  const Index from = time_.below(machines_.size());
  if (machines_[from]->member == nullptr || machines_[from]->is_paused) return;
  const Slot voter = newest_->voters[time_.below(newest_->voters.size())];
  // Whoever is asked proposes: two at once get into each other's way.
  if (emphasis_ == Emphasis::duels && newest_->voters.size() > 1) {
    const Slot other = newest_->voters[time_.below(newest_->voters.size())];
    send(from, index_of(newest_->at(other).id),
         cluster::Suggest{.requests = {cluster::AddLearner{.partition = 0, .node = newest_->at(voter).id}}});
  }
  send(from, index_of(newest_->at(voter).id), cluster::Suggest{.requests = {std::move(request)}});
}

void ClusterWorld::schedule_request() {
  if (is_healed_) return;  // then the planner has the last word
  if (newest_ != nullptr) request_something();
  if (time_.happens(0.05)) switch_services();
  time_.after(time_.between(5ms, 100ms), [this] { schedule_request(); });
}

// A service is switched on or off while its node runs, and its operator gives it another weight (M6).
void ClusterWorld::switch_services() {
  Machine& machine = *machines_[time_.below(machines_.size())];
  if (machine.member == nullptr) return;
  if (machine.services.empty())
    machine.services = {"a"};
  else
    machine.services.clear();
  machine.member->run(machine.services);
  machine.member->place(time_.happens(0.5) ? "" : "z", static_cast<std::uint32_t>(50 + time_.below(100)));
}

void ClusterWorld::request_something() {
  const auto number = static_cast<cluster::PartitionNumber>(time_.below(newest_->partitions.size()));
  const cluster::Partition& partition = newest_->partitions[number];
  const Slot slot = static_cast<Slot>(time_.below(newest_->members.size()));
  const cluster::Member& member = newest_->at(slot);
  const bool is_odd = time_.happens(odd_request_);
  switch (time_.below(7)) {
    case 0:
    case 1:
      if (partition.in_sync.size() + partition.learners.size() < newest_->copies || is_odd)
        suggest(cluster::AddLearner{.partition = number, .node = member.id});
      return;
    case 2:
      if (partition.in_sync.size() > newest_->copies || is_odd)
        suggest(cluster::TakeOutOfSync{.partition = number, .node = member.id, .term = partition.term});
      return;
    case 3: {
      if (partition.in_sync.size() < 2) return;
      const Slot to = partition.in_sync[time_.below(partition.in_sync.size())];
      const Index primary = index_of(newest_->at(partition.primary).id);
      const Index from = time_.below(machines_.size());
      if (to == partition.primary || machines_[from]->member == nullptr) return;
      send(from, primary,
           cluster::BeginHandOver{.partitions = {{.partition = number, .term = partition.term}},
                                  .to = {newest_->at(to).id}});
      return;
    }
    case 4: {  // voters: as A6 wants them, or any
      const std::size_t up = newest_->up_count();
      std::size_t size = is_odd ? 1 + 2 * time_.below(3) : up >= 5 ? 5 : up >= 3 ? 3 : 1;
      if (loses_disks_) size = std::max<std::size_t>(size, 3);  // the only voter must not be the one that is lost
      if (!is_odd && size == newest_->voters.size() &&
          std::ranges::all_of(newest_->voters, [&](Slot voter) { return newest_->is_up(voter); }))
        return;
      std::vector<cluster::NodeId> voters;
      const std::size_t first = time_.below(newest_->members.size());
      for (const bool of_voters : {true, false})
        for (std::size_t step = 0; step < newest_->members.size() && voters.size() < size; ++step) {
          const auto candidate = static_cast<Slot>((first + step) % newest_->members.size());
          if (!newest_->is_up(candidate) || newest_->is_voter(candidate) != of_voters) continue;
          if (of_voters && is_odd && time_.happens(0.5)) continue;
          voters.push_back(newest_->at(candidate).id);
        }
      if (voters.size() == size) suggest(cluster::SetVoters{.voters = voters});
      return;
    }
    case 5:
      // Its data is lost for good. No other node asks for what one that is up can say alone.
      if (newest_->is_up(partition.primary) && partition.in_sync.size() == 1) return;
      if (machines_[index_of(newest_->at(partition.primary).id)]->is_gone ||
          newest_->durability == cluster::Durability::memory)
        suggest(cluster::StartEmpty{.partition = number, .at = member.id, .term = partition.term});
      return;
    default:
      if (!partition.learners.empty() && is_odd) {
        const cluster::Learner& learner = partition.learners.front();
        suggest(
            cluster::RemoveLearner{.partition = number, .node = newest_->at(learner.node).id, .since = learner.since});
      } else if (!member.id.empty() && machines_[index_of(member.id)]->is_gone) {
        suggest(cluster::Remove{.node = member.id});
      }
  }
}

// All that was wrong ends, and nobody is told so.
void ClusterWorld::heal() {
  trace("heal");
  is_healed_ = true;
  loss_ = long_delay_ = crash_after_sync_ = 0;
  for (auto& row : cut_) std::ranges::fill(row, 0);
  for (Index at = 0; at < machines_.size(); ++at) {
    Machine& machine = *machines_[at];
    if (machine.host != nullptr) machine.host->hang(false);
    if (machine.is_paused) {
      time_.after(1ms, [this, at, life = machine.life] {
        Machine& paused = *machines_[at];
        if (paused.life != life || !paused.is_paused) return;
        paused.is_paused = false;
        for (auto& what : std::exchange(paused.held, {})) what();
      });
    }
    if (machine.member == nullptr) time_.after(time_.between(0ms, 200ms), [this, at] { start(at); });
  }
  if (options_.recovers) time_.after(1s, [this] { look_after(); });
}

}  // namespace p2p::sim
