#include "cluster_world.h"

#include <algorithm>

namespace p2p::sim {

using namespace std::chrono_literals;

void ClusterWorld::violate(std::string what) {
  if (!broken_.empty()) return;
  trace("VIOLATION " + what);
  broken_.push_back(std::move(what));
}

void ClusterWorld::trace(const std::string& line) {
  if (!options_.traces) return;
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(time_.now().time_since_epoch() - 1000s);
  timeline_.push_back(std::to_string(since.count() / 1000) + "." + std::to_string(since.count() % 1000) + " " + line);
}

// One decision a slot, whoever tells it.
void ClusterWorld::note_decision(Index at, const cluster::Decision& decision) {
  const auto [known, is_new] = decided_.try_emplace(decision.map->epoch, decision.map);
  if (is_new) on_decided(*decision.map);
  const auto before = is_new ? decided_.find(decision.map->epoch - 1) : decided_.end();
  if (before != decided_.end() && before->second->is_recovering()) ++generations_opened_;
  if (is_new)
    trace("decided by " + std::to_string(at) + " " + std::to_string(decision.map->epoch) + ": " +
          text(decision.change));
  if (!is_new && known->second != decision.map && !(*known->second == *decision.map))
    violate("two decisions in slot " + std::to_string(decision.map->epoch));
  note_recovery(at, *decision.map);
  check_history(at, *decision.map);
  const std::string why = unsoundness(*decision.map);
  if (!why.empty()) violate("map " + std::to_string(decision.map->epoch) + ": " + why);
  if (newest_ == nullptr || decision.map->epoch > newest_->epoch) newest_ = decision.map;
  trace_hash_ = (trace_hash_ ^ (decision.map->epoch << 8 | at)) * 0x100000001b3;
}

// J5. What a machine holds is that of all that it has acted by: each of that must count in what it acts by next.
void ClusterWorld::check_history(Index at, const cluster::ClusterMap& map) {
  if (map.is_recovering()) return;
  Machine& machine = *machines_[at];
  if (machine.acted_by != 0 && !is_past(machine.acted_by, map.epoch))
    violate(std::to_string(at) + " has acted by epoch " + std::to_string(machine.acted_by) + ", which is void in " +
            std::to_string(map.epoch));
  machine.acted_by = map.epoch;
}

// At no moment two processes that may both answer for one partition.
void ClusterWorld::check_leases() {
  const Machine& touched = *machines_[touched_];
  if (touched.member == nullptr || touched.member->map() == nullptr) return;
  const cluster::ClusterMap& map = *touched.member->map();
  if (touched.member->agreement().lease_held_until() <= local(touched_)) return;
  for (Index other = 0; other < machines_.size(); ++other) {
    const Machine& machine = *machines_[other];
    if (other == touched_ || machine.member == nullptr || machine.member->map() == nullptr) continue;
    if (machine.member->map()->epoch == map.epoch) continue;  // one map, one primary
    if (machine.member->agreement().lease_held_until() <= local(other)) continue;
    const cluster::ClusterMap& theirs = *machine.member->map();
    const bool is_older = theirs.epoch < map.epoch;
    if (options_.recovers && may_go_on_apart(is_older ? theirs : map, is_older ? map : theirs)) continue;
    for (cluster::PartitionNumber number = 0; number < map.partitions.size(); ++number)
      if (touched.member->serves(number, local(touched_)) && machine.member->serves(number, local(other)))
        violate("partition " + std::to_string(number) + " has two primaries: " + std::to_string(touched_) +
                " by epoch " + std::to_string(map.epoch) + " and " + std::to_string(other) + " by " +
                std::to_string(machine.member->map()->epoch));
  }
}

void ClusterWorld::check() {
  trace_hash_ = (trace_hash_ ^ static_cast<std::uint64_t>(time_.now().time_since_epoch().count())) * 0x100000001b3;
  check_leases();
}

bool ClusterWorld::agree() const {
  std::size_t running = 0;
  for (const auto& machine : machines_) {
    if (machine->member == nullptr) continue;
    ++running;
    const auto map = machine->member->map();
    if (map == nullptr || map->epoch != newest_->epoch || !map->is_up(map->slot_of(machine->id))) return false;
  }
  return newest_ != nullptr && newest_->up_count() == running;
}

std::string ClusterWorld::who_holds(const cluster::Partition& partition) const {
  std::string text = "in sync";
  for (const cluster::Slot slot : partition.in_sync) text += ' ' + std::to_string(index_of(newest_->at(slot).id));
  for (const cluster::Learner& learner : partition.learners)
    text += ", learner " + std::to_string(index_of(newest_->at(learner.node).id));
  for (const cluster::Member& member : newest_->members)
    if (member.state == cluster::MemberState::leaving)
      text += ", " + std::to_string(index_of(member.id)) + " is leaving";
  return text;
}

// Whoever slept through so much that all it knew have gone has to be told where the network is (the discovery does).
bool ClusterWorld::knows_only_lost_nodes(const cluster::ClusterMap& map, Index at) const {
  return std::ranges::all_of(map.members, [&](const cluster::Member& member) {
    return member.id.empty() || member.id == machines_[at]->id || machines_[index_of(member.id)]->is_gone;
  });
}

std::string ClusterWorld::why_not_at_rest() const {
  if (newest_ == nullptr) return "there is no network";
  if (is_lost()) return {};
  for (Index at = 0; at < machines_.size(); ++at) {
    const Machine& machine = *machines_[at];
    if (machine.is_gone) continue;
    const std::string who = std::to_string(at);
    if (machine.member == nullptr || machine.member->map() == nullptr) return who + " is not in the network at the end";
    machine.member->check();
    const cluster::ClusterMap& map = *machine.member->map();
    if (map.epoch != newest_->epoch && knows_only_lost_nodes(map, at)) continue;
    if (map.epoch != newest_->epoch) return who + " knows an old map at the end";
    if (!map.is_up(map.slot_of(machine.id))) return who + " is not up at the end";
    if (!machine.member->is_known_to_run()) return who + " runs other services than the map says at the end";
    if (machine.member->agreement().lease_held_until() <= local(at)) return who + " has no lease at the end";
  }
  // All leave (J3): nobody is left to be given anything, and their shells end the network.
  if (std::ranges::none_of(newest_->members, [](const cluster::Member& member) {
        return !member.id.empty() && member.state == cluster::MemberState::up;
      }))
    return {};
  const std::size_t copies = std::min<std::size_t>(newest_->copies, newest_->up_count());
  for (cluster::PartitionNumber number = 0; number < newest_->partitions.size(); ++number) {
    const cluster::Partition& partition = newest_->partitions[number];
    const Index primary = index_of(newest_->at(partition.primary).id);
    const std::string which = "partition " + std::to_string(number);
    if (machines_[primary]->is_gone) continue;  // its data is lost with it, until somebody gives it up
    if (!machines_[primary]->member->serves(number, local(primary))) return which + " is not served at the end";
    if (partition.in_sync.size() != copies || !partition.learners.empty())
      return which + " has not its copies at the end: " + who_holds(partition);
  }
  return {};
}

}  // namespace p2p::sim
