#include "cluster_world.h"

#include "cluster/member/recovery_plan.h"

#include <algorithm>

namespace p2p::sim {

using namespace std::chrono_literals;
using cluster::Slot;

namespace {

// A recovery's place: that of epochs which no voters' decision can leave.
cluster::Epoch line_of(cluster::Epoch epoch) { return epoch / cluster::kEpochsOfRecovery; }

}  // namespace

bool ClusterWorld::can_speak(Index from, Index to) const {
  const Machine& there = *machines_[to];
  return from == to || (there.member != nullptr && !there.is_paused && !is_cut(from, to) && !is_cut(to, from));
}

void ClusterWorld::schedule_disaster() {
  if (is_healed_) return;
  disaster();
  time_.after(time_.between(2s, 6s), [this] { schedule_disaster(); });
}

// A majority of the voters is gone for good, or in the eyes of an operator.
void ClusterWorld::disaster() {
  if (newest_ == nullptr || newest_->is_recovering()) return;
  std::vector<Index> voters;
  for (const Slot voter : newest_->voters) voters.push_back(index_of(newest_->at(voter).id));
  for (std::size_t at = voters.size(); at > 1; --at) std::swap(voters[at - 1], voters[time_.below(at)]);
  const std::size_t lost = newest_->majority() + time_.below(voters.size() - newest_->majority() + 1);
  const std::vector<Index> victims(voters.begin(), voters.begin() + static_cast<std::ptrdiff_t>(lost));
  std::vector<Index> others;
  for (Index at = 0; at < machines_.size(); ++at)
    if (std::ranges::find(victims, at) == victims.end()) others.push_back(at);
  const auto goes_on = [&](Index at) {
    const Machine& machine = *machines_[at];
    const auto map = machine.member == nullptr ? nullptr : machine.member->map();
    return map != nullptr && map->slot_of(machine.id) != cluster::kNoSlot;  // it knows that it is a member
  };
  if (std::ranges::count_if(others, goes_on) < 2) return;
  const Duration length = time_.between(1s, 5s);
  const double for_good = time_.happens(0.3) ? 0 : 0.7;
  for (const Index victim : victims) {
    if (time_.happens(for_good)) {
      trace("lost for good " + std::to_string(victim));
      give_away(victim);
      continue;
    }
    for (const Index other : others) cut(victim, other, length), cut(other, victim, length);
    if (time_.happens(0.3)) crash(victim, length);
  }
  const Duration soon = time_.happens(0.5) ? time_.between(0ms, 300ms) : time_.between(0s, 3s);
  time_.after(soon, [this] { operate(); });
  if (time_.happens(0.3)) time_.after(soon + time_.between(0ms, 50ms), [this] { operate(); });
}

void ClusterWorld::give_away(Index at) {
  machines_[at]->is_gone = true;
  machines_[at]->gone_at = time_.now();
  crash(at, 24h);
}

// One who knows the newest map that anybody can still know.
void ClusterWorld::refresh_newest() {
  std::shared_ptr<const cluster::ClusterMap> newest;
  const auto consider = [&](const std::shared_ptr<const cluster::ClusterMap>& map) {
    if (map != nullptr && (newest == nullptr || map->epoch > newest->epoch)) newest = map;
  };
  for (const auto& machine : machines_) {
    if (machine->is_gone) continue;
    consider(machine->on_disk.map);
    for (const auto& [id, saved] : machine->unsynced) consider(saved.map);
    if (machine->member != nullptr) consider(machine->member->map());
  }
  if (newest != nullptr) newest_ = newest;
}

// An operator tries one node after the other, until one goes on with whom it reaches.
void ClusterWorld::operate() {
  refresh_newest();
  const std::size_t first = time_.below(machines_.size());
  for (std::size_t step = 0; step < machines_.size(); ++step)
    if (recover_at((first + step) % machines_.size())) return;
}

bool ClusterWorld::recover_at(Index at) {
  Machine& machine = *machines_[at];
  if (machine.member == nullptr || machine.is_paused || machine.member->map() == nullptr) return false;
  const auto map = machine.member->map();
  cluster::Answers answers;
  std::vector<cluster::NodeId> named{machine.id};
  for (const cluster::Member& member : map->members) {
    const Index other = member.id.empty() ? at : index_of(member.id);
    if (other == at || !can_speak(at, other) || machines_[other]->member->map() == nullptr) continue;
    answers[member.id] = machines_[other]->member->map()->epoch;
    if (map->is_voter(map->slot_of(member.id)) || time_.happens(0.8)) named.push_back(member.id);
  }
  auto plan = cluster::plan_recovery(*map, machine.id, time_.happens(0.5) ? named : decltype(named){}, answers);
  if (!plan.ok()) {
    trace("no recovery at " + std::to_string(at) + ": " + plan.error().text);
    return false;
  }
  plan.value().recovery.draw = time_.below(cluster::kRecoveriesOfGeneration);
  for (const cluster::NodeId& survivor : plan.value().recovery.survivors)
    if (const cluster::Epoch known = machines_[index_of(survivor)]->member->map()->epoch; known > map->epoch)
      violate("recovered from epoch " + std::to_string(map->epoch) + ", and a survivor knows " + std::to_string(known));
  cluster::MemberEffects effects;
  const auto begun = machine.member->recover(plan.value().recovery, local(at), effects);
  trace("recover at " + std::to_string(at) + (begun.ok() ? "" : ": " + begun.error().text));
  if (begun.ok() && !effects.saves.empty()) {
    const cluster::Epoch made = effects.saves.back().what.map->epoch;
    recoveries_[line_of(made)] = {
        .from = line_of(map->epoch),
        .begun_at = time_.now(),
        .survivors = {plan.value().recovery.survivors.begin(), plan.value().recovery.survivors.end()}};
  }
  touched_ = at;
  apply(at, effects);
  return begun.ok();
}

// Who was given up by mistake may go on with others that were, and with nobody that has recovered: then two act at once
// until they meet (decision 30).
bool ClusterWorld::may_go_on_apart(const cluster::ClusterMap& older, const cluster::ClusterMap& newer) const {
  std::set<cluster::NodeId> recovered;
  TimePoint begun_at = time_.now();
  for (cluster::Epoch line = line_of(newer.epoch); line > line_of(older.epoch);) {
    const auto found = recoveries_.find(line);
    if (found == recoveries_.end()) return false;
    recovered.insert(found->second.survivors.begin(), found->second.survivors.end());
    begun_at = std::min(begun_at, found->second.begun_at);
    line = found->second.from;
  }
  const auto is_apart = [&](Slot voter) {
    const cluster::NodeId& id = older.at(voter).id;
    const Machine& machine = *machines_[index_of(id)];
    return !recovered.contains(id) && (!machine.is_gone || machine.gone_at > begun_at);
  };
  return line_of(older.epoch) != line_of(newer.epoch) &&
         static_cast<std::size_t>(std::ranges::count_if(older.voters, is_apart)) >= older.majority();
}

// What discoveries and operators do when all is healed: those that do not know each other meet, and a network without
// a majority is recovered.
void ClusterWorld::look_after() {
  refresh_newest();
  for (Index at = 0; at < machines_.size(); ++at) {
    const Machine& machine = *machines_[at];
    if (machine.member == nullptr || machine.is_paused) continue;
    if (machine.member->map() == nullptr) {
      std::vector<cluster::NodeId> others;
      for (const auto& other : machines_)
        if (other->id != machine.id && !other->is_gone) others.push_back(other->id);
      machines_[at]->member->join(std::move(others));
    } else if (const Index other = time_.below(machines_.size()); other != at) {
      send(at, other, cluster::FetchMap{});
    }
  }
  const auto is_gone = [this](Slot slot) { return machines_[index_of(newest_->at(slot).id)]->is_gone; };
  const auto gone = static_cast<std::size_t>(std::ranges::count_if(newest_->voters, is_gone));
  const bool is_stuck = newest_->is_recovering() && (is_gone(newest_->slot_of(newest_->recovered_by)) ||
                                                     std::ranges::any_of(newest_->confirmers, is_gone));
  if (is_stuck || newest_->voters.size() - gone < newest_->majority()) operate();
  time_.after(1s, [this] { look_after(); });
}

}  // namespace p2p::sim
