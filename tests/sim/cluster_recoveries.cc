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

// It knows that it is a member.
bool ClusterWorld::goes_on(Index at) const {
  const Machine& machine = *machines_[at];
  const auto map = machine.member == nullptr ? nullptr : machine.member->map();
  return map != nullptr && map->slot_of(machine.id) != cluster::kNoSlot;
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
  if (std::ranges::count_if(others, [this](Index at) { return goes_on(at); }) < 2) return;
  if (!time_.happens(0.4)) return lose(victims, others);
  time_.after(confide(victims, others), [=, this] { lose(victims, others); });
}

// Those that will be lost, and one of the others, go on deciding for so long, unheard by all the rest: that one knows
// more then. It may be back when an operator asks who is there, or right after, or much later.
Duration ClusterWorld::confide(const std::vector<Index>& victims, const std::vector<Index>& others) {
  const Index confidant = others[time_.below(others.size())];
  const Duration secret = time_.between(500ms, 2500ms);
  const Duration later = time_.happens(0.5) ? time_.between(0ms, 400ms) : time_.between(0s, 4s);
  trace("in secret: " + std::to_string(confidant));
  for (const Index other : others) {
    if (other == confidant) continue;
    for (const Index victim : victims) cut(victim, other, secret), cut(other, victim, secret);
    cut(confidant, other, secret + later), cut(other, confidant, secret + later);
  }
  return secret;
}

void ClusterWorld::lose(const std::vector<Index>& victims, const std::vector<Index>& others) {
  if (is_healed_) return;
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
    if (survey_at((first + step) % machines_.size())) return;
}

// The node asks who is there, and what they know; what it does with the answers it does a while later.
bool ClusterWorld::survey_at(Index at) {
  const Machine& machine = *machines_[at];
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
  if (time_.happens(0.5)) named.clear();
  if (const auto plan = cluster::plan_recovery(*map, machine.id, named, answers); !plan.ok()) {
    trace("no recovery at " + std::to_string(at) + ": " + plan.error().text);
    return false;
  }
  const Duration takes = time_.happens(0.5) ? Duration{} : time_.between(0ms, 500ms);
  on_machine(at, time_.now() + takes, [=, this] { recover_at(at, named, answers); });
  return true;
}

void ClusterWorld::recover_at(Index at, const std::vector<cluster::NodeId>& named, const cluster::Answers& answers) {
  Machine& machine = *machines_[at];
  const auto map = machine.member->map();
  auto plan = cluster::plan_recovery(*map, machine.id, named, answers);
  if (!plan.ok()) return trace("no recovery at " + std::to_string(at) + " any more: " + plan.error().text);
  plan.value().recovery.draw = time_.below(cluster::kRecoveriesOfGeneration);
  for (const cluster::NodeId& survivor : plan.value().recovery.survivors)
    if (survivor != machine.id && answers.at(survivor) > map->epoch)
      violate("recovered from epoch " + std::to_string(map->epoch) + ", and a survivor knows " +
              std::to_string(answers.at(survivor)));
  cluster::MemberEffects effects;
  const auto begun = machine.member->recover(plan.value().recovery, local(at), effects);
  trace("recover at " + std::to_string(at) + (begun.ok() ? "" : ": " + begun.error().text));
  if (begun.ok() && !effects.saves.empty()) {
    const cluster::Epoch made = effects.saves.back().what.map->epoch;
    recoveries_[line_of(made)] = {.from = line_of(map->epoch), .begun_at = time_.now(), .survivors = {machine.id}};
  }
  apply(at, effects);
}

// Also one that goes on from what a survivor knows. Whoever was named, and has not left, counts as no survivor: what
// was begun so has never opened.
void ClusterWorld::note_recovery(Index at, const cluster::ClusterMap& map) {
  if (line_of(map.epoch) == 0) return;
  const auto [made, is_new] = recoveries_.try_emplace(line_of(map.epoch));
  if (is_new) made->second = {.from = line_of(map.recovered_from), .begun_at = time_.now(), .survivors = {}};
  if (map.is_recovering()) made->second.survivors.insert(machines_[at]->id);
}

// Whether the map of epoch `of` was made of that of `epoch`, over all generations between.
bool ClusterWorld::is_past(cluster::Epoch epoch, cluster::Epoch of) const {
  while (line_of(epoch) != line_of(of)) {
    const auto known = decided_.find(of);
    if (known == decided_.end() || known->second->recovered_from == 0) return false;
    of = known->second->recovered_from;
  }
  return epoch <= of;
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

// What the node that recovers tells its operator to do with a survivor that knows what it cannot go on from.
void ClusterWorld::recover_without_the_irreconcilable() {
  for (Index at = 0; at < machines_.size(); ++at) {
    const Machine& machine = *machines_[at];
    const auto map = machine.member == nullptr || machine.is_paused ? nullptr : machine.member->map();
    if (map == nullptr || map->recovered_by != machine.id || !machine.member->recoverable()->irreconcilable()) continue;
    crash(index_of(*machine.member->recoverable()->irreconcilable()), 3s);
    survey_at(at);
    return;
  }
}

bool ClusterWorld::is_lost() const {
  return options_.recovers && newest_ != nullptr && std::ranges::all_of(machines_, [](const auto& machine) {
           return machine->is_gone || (machine->on_disk.map == nullptr &&
                                       (machine->member == nullptr || machine->member->map() == nullptr));
         });
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
    } else if (const Index other = time_.below(machines_.size()); other != at && !machines_[other]->is_gone) {
      send(at, other, cluster::FetchMap{});
    }
  }
  const auto is_gone = [this](Slot slot) { return machines_[index_of(newest_->at(slot).id)]->is_gone; };
  const auto gone = static_cast<std::size_t>(std::ranges::count_if(newest_->voters, is_gone));
  const bool is_stuck = newest_->is_recovering() && (is_gone(newest_->slot_of(newest_->recovered_by)) ||
                                                     std::ranges::any_of(newest_->confirmers, is_gone));
  if (is_stuck || newest_->voters.size() - gone < newest_->majority()) operate();
  recover_without_the_irreconcilable();
  time_.after(1s, [this] { look_after(); });
}

}  // namespace p2p::sim
