#include "cluster_world.h"

#include "cluster/embedded/embedded_agreement.h"

#include <algorithm>
#include <utility>

namespace p2p::sim {

using namespace std::chrono_literals;
using cluster::ClusterMember;
using cluster::MemberEffects;

namespace {

cluster::NodeId id_of(std::size_t at) {
  cluster::NodeId id;
  id.high = (at * 37 + 11) % 1024 << 54;  // the order of ids is another one than that of the machines
  id.low = at + 1;
  return id;
}

// As the default, in a hurry.
cluster::Policy policy() {
  cluster::Policy policy;
  policy.restore_after = 1s;
  policy.remove_after = 6s;
  policy.replace_voter_after = 2s;
  return policy;
}

}  // namespace

ClusterWorld::ClusterWorld(const ClusterWorldOptions& options) : options_(options), time_(options.seed) { set_up(); }

std::vector<std::string> ClusterWorld::run() {
  const auto checked = [this] { check(); };
  time_.run(time_.now() + options_.troubled_for, checked);
  if (broken_.empty()) {
    heal();
    for (int second = 0; second < (options_.recovers ? 60 : 25) && broken_.empty() && !why_not_at_rest().empty();
         ++second)
      time_.run(time_.now() + 1s, checked);
    if (const std::string why = why_not_at_rest(); !why.empty()) violate(why);
  }
  return broken_;
}

std::vector<std::string> ClusterWorld::run_for(Duration duration) {
  time_.run(time_.now() + duration, [this] { check(); });
  return broken_;
}

void ClusterWorld::kill(std::size_t node) { crash(node, std::chrono::hours(24)); }

void ClusterWorld::break_link(std::size_t one, std::size_t other) {
  cut(one, other, std::chrono::hours(24));
  cut(other, one, std::chrono::hours(24));
}

// --- machines --------------------------------------------------------------------------------------------------------

ClusterWorld::Index ClusterWorld::add_machine() {
  const Index at = machines_.size();
  machines_.push_back(std::make_unique<Machine>());
  Machine& machine = *machines_.back();
  machine.id = id_of(at);
  machine.address = {.host = "10.0.0." + std::to_string(at + 1), .port = 9900};
  const double rate = emphasis_ == Emphasis::leases ? static_cast<double>(time_.below(2))
                                                    : static_cast<double>(time_.below(1001)) * 0.001;
  machine.clock_rate = 0.976 + rate * 0.048;  // any two within 5 %
  machine.clock_offset = time_.between(0s, 1000s);
  for (auto& row : cut_) row.push_back(0);
  cut_.emplace_back(machines_.size(), 0);
  return at;
}

TimePoint ClusterWorld::local(Index at) const {
  const Machine& machine = *machines_[at];
  const auto since_start = static_cast<double>(time_.now().time_since_epoch().count());
  return TimePoint(Duration(static_cast<Duration::rep>(since_start * machine.clock_rate)) + machine.clock_offset);
}

void ClusterWorld::start(Index at) {
  Machine& machine = *machines_[at];
  if (machine.member != nullptr || machine.is_gone) return;
  ++machine.life;
  ++machine.boots;
  machine.is_paused = false;
  machine.wakes_at = TimePoint::max();
  machine.heard_at.clear();
  machine.boots_heard.clear();
  machine.acted_by = machine.on_disk.map == nullptr ? 0 : acted_by(*machine.on_disk.map);
  machine.host = make_host(at);
  cluster::Member self;
  self.id = machine.id;
  self.address = machine.address;
  self.boot = {.number = machine.boots, .nonce = at + 1};
  self.services = machine.services;
  const cluster::EmbeddedAgreement::Self voter{.id = self.id, .boot = self.boot};
  machine.member = std::make_unique<ClusterMember>(
      self, cluster::LeaseRules{}, policy(),
      std::make_unique<cluster::EmbeddedAgreement>(voter, cluster::LeaseRules{}, machine.on_disk, local(at)),
      *machine.host, local(at));
  trace("start " + std::to_string(at) + " boot " + std::to_string(machine.boots));
  MemberEffects effects;
  if (machine.on_disk.map == nullptr) {
    if (at == 0 && newest_ == nullptr) {
      cluster::Founding founding;
      founding.cluster.high = 1;
      founding.founder = self;
      founding.partitions = options_.partitions;
      founding.durability = options_.durability  ? *options_.durability
                            : time_.happens(0.5) ? cluster::Durability::durable
                                                 : cluster::Durability::memory;
      machine.member->found(founding, local(at), effects);
    } else {
      std::vector<cluster::NodeId> others = machine.via;
      for (const auto& other : machines_)
        if (machine.via.empty() && other->id != machine.id && !other->is_gone) others.push_back(other->id);
      machine.member->join(std::move(others));
    }
  }
  apply(at, effects);
}

void ClusterWorld::crash(Index at, Duration for_so_long) {
  Machine& machine = *machines_[at];
  if (machine.member == nullptr) return;
  trace("crash " + std::to_string(at));
  ++machine.life;
  on_crash(at);
  machine.member.reset();
  machine.host.reset();
  machine.held.clear();
  machine.is_paused = false;
  // Of what was not synced, any first part is there.
  const std::size_t kept = time_.below(machine.unsynced.size() + 1);
  if (kept > 0) machine.on_disk = machine.unsynced[kept - 1].second;
  machine.unsynced.clear();
  machine.saved_last = {};
  for (Index other = 0; other < machines_.size(); ++other)  // connections break, and are tried anew
    if (other != at && !is_cut(at, other) && !is_cut(other, at))
      on_machine(other, time_.now() + time_.between(1ms, 30ms), [this, other, at] { probe(other, at); });
  time_.after(for_so_long, [this, at] { start(at); });
}

void ClusterWorld::pause(Index at, Duration for_so_long) {
  Machine& machine = *machines_[at];
  if (machine.member == nullptr || machine.is_paused) return;
  trace("pause " + std::to_string(at));
  machine.is_paused = true;
  time_.after(for_so_long, [this, at, life = machine.life] {
    Machine& paused = *machines_[at];
    if (paused.life != life || !paused.is_paused) return;
    paused.is_paused = false;
    trace("resume " + std::to_string(at));
    for (auto& what : std::exchange(paused.held, {})) {
      if (paused.life != life) return;
      what();
    }
  });
}

void ClusterWorld::lose_disk(Index at) {
  trace("disk lost " + std::to_string(at));
  lost_a_disk_ = true;
  begin_anew(at);
}

// To a process: what arrives while it is paused waits, what arrives after its end is lost.
void ClusterWorld::deliver(Index at, std::uint64_t life, std::function<void()> what) {
  Machine& machine = *machines_[at];
  if (machine.life != life || machine.member == nullptr) return;
  if (machine.is_paused) {
    machine.held.push_back([this, at, life, what = std::move(what)] { deliver(at, life, what); });
    return;
  }
  touched_ = at;
  what();
}

void ClusterWorld::on_machine(Index at, TimePoint when, std::function<void()> what) {
  time_.at(when, [this, at, life = machines_[at]->life, what = std::move(what)] { deliver(at, life, what); });
}

void ClusterWorld::apply(Index at, MemberEffects& effects) {
  Machine& machine = *machines_[at];
  for (const cluster::Decision& decision : effects.decisions) note_decision(at, decision);
  for (auto& one : effects.saves) save(at, std::move(one));
  for (auto& answered : effects.answers) answer(at, std::move(answered));
  for (auto& call : effects.calls) send(at, index_of(call.to), std::move(call.request));
  if (machine.member == nullptr) return;
  const auto map = machine.member->map();
  if (map != nullptr && map->slot_of(machine.id) == cluster::kNoSlot) return begin_anew(at);
  if (const auto next = machine.member->agreement().voided_by()) {
    begin_anew(at);
    for (const cluster::Member& member : next->members)
      if (member.is_up() && index_of(member.id) != at) machines_.back()->via.push_back(member.id);
    return;
  }
  schedule_tick(at);
}

// A member that was removed while it was away joins as another node (J4), as does a machine without its disk (A7), and
// one that has acted by what is void (J5).
void ClusterWorld::begin_anew(Index at) {
  give_away(at);
  const Index fresh = add_machine();
  machines_[fresh]->address = machines_[at]->address;
  time_.after(is_healed_ ? Duration(100ms) : a_while(), [this, fresh] { start(fresh); });
}

void ClusterWorld::schedule_tick(Index at) {
  Machine& machine = *machines_[at];
  const TimePoint due = machine.member->next_wakeup();
  if (due == TimePoint::max()) return;
  const Duration left = std::max<Duration>(due == TimePoint::min() ? Duration{} : due - local(at), 10us);
  const TimePoint when =
      time_.now() + Duration(static_cast<Duration::rep>(static_cast<double>(left.count()) / machine.clock_rate)) + 1us;
  if (machine.wakes_at <= when) return;
  machine.wakes_at = when;
  on_machine(at, when, [this, at, when] {
    Machine& woken = *machines_[at];
    if (woken.wakes_at != when) return;
    woken.wakes_at = TimePoint::max();
    woken.host->work(local(at));
    probe_the_silent(at);
    MemberEffects effects;
    woken.member->tick(local(at), effects);
    apply(at, effects);
  });
}

void ClusterWorld::save(Index at, cluster::AgreementEffects::Save one) {
  Machine& machine = *machines_[at];
  const cluster::SaveId id = one.id;
  machine.unsynced.emplace_back(id, std::move(one.what));
  Duration takes = time_.between(200us, 700us);
  if (time_.happens(0.01)) takes += time_.between(1ms, 60ms);
  machine.saved_last = std::max(machine.saved_last + 1us, time_.now() + takes);
  on_machine(at, machine.saved_last, [this, at, id] {
    Machine& synced = *machines_[at];
    while (!synced.unsynced.empty() && synced.unsynced.front().first <= id) {
      synced.on_disk = std::move(synced.unsynced.front().second);
      synced.unsynced.pop_front();
    }
    MemberEffects effects;
    synced.member->on_saved(id, local(at), effects);
    const bool ends_before = !is_healed_ && time_.happens(crash_after_sync_);
    if (!ends_before) apply(at, effects);
    if (!ends_before && (is_healed_ || !time_.happens(crash_after_sync_))) return;
    if (time_.happens(0.2) && can_lose_disk(at)) return lose_disk(at);
    crash(at, emphasis_ == Emphasis::duels ? time_.between(1ms, 30ms) : time_.between(5ms, 2500ms));
  });
}

}  // namespace p2p::sim
