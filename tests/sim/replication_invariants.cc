#include "replication_world.h"

#include <algorithm>

namespace p2p::sim {

using namespace std::chrono_literals;
namespace replication = diststore::replication;

void ReplicationWorld::check() {
  ClusterWorld::check();
  check_serving();
  check_expiries();
  check_copies(touched_);
  check_reads_of_copies(touched_);
}

// A partition that starts empty has lost what it had (I9, B2): as if somebody had erased it.
void ReplicationWorld::on_decided(const cluster::ClusterMap& map) {
  for (Number number = 0; number < partitions_; ++number) {
    const cluster::Epoch born = std::exchange(born_[number], map.partitions[number].born);
    if (born == 0 || born == map.partitions[number].born) continue;
    for (Key& key : keys_) {
      if (key.partition != number) continue;
      key.acknowledged = {};
      key.acknowledgements.clear();
      StoreOperation loss;
      loss.kind = StoreOperation::Kind::write;
      loss.begun = loss.ended = time_.now();
      loss.outcome = StoreOperation::Outcome::done;
      key.history.push_back(loss);
    }
    divide_operations(number);
  }
}

// Names are lost with what they name: what was under way, or is on its way still, may have been done before, and may be
// done once more from now on.
void ReplicationWorld::divide_operations(Number number) {
  for (Operation& operation : operations_log_) {
    const bool may_come = !operation.is_over || operation.arrived_by >= time_.now();
    if (!operation.id.is_set() || !may_come || keys_[operation.keys.front()].partition != number) continue;
    StoreOperation second = entry(operation, 0);
    second.begun = time_.now();
    second.ended = StoreOperation{}.ended;
    second.outcome = StoreOperation{}.outcome;
    StoreHistory& history = keys_[operation.keys.front()].history;
    history.push_back(second);
    if (!operation.is_over) operation.entries.front() = history.size() - 1;
  }
}

// From the moment when some node's clock has come to a value's end, it may go, and may not; before, it must not.
void ReplicationWorld::check_expiries() {
  diststore::WallMs latest = 0;
  for (Index at = 0; at < machines_.size(); ++at) latest = std::max(latest, wall(at));
  for (Key& key : keys_)
    std::erase_if(key.expiring, [&](const auto& one) {
      if (!diststore::has_expired(one.second, latest)) return false;
      StoreOperation end;
      end.kind = StoreOperation::Kind::swap;
      end.expected = one.first;
      end.begun = time_.now();
      key.history.push_back(end);
      key.ended.insert(one);
      return true;
    });
}

// No primary answers a value after its end, by its own clock.
void ReplicationWorld::check_answers(Index at, const Effects& effects) {
  for (const Answer& answer : effects.answers) {
    if (answer.verdict != Verdict::done || answer.write == nullptr) continue;
    if (diststore::has_expired(answer.write->expires_at, wall(at)))
      violate(std::to_string(at) + " answers a value of " + answer.write->key + " that has expired");
  }
}

std::string ReplicationWorld::why_not_swept() const {
  for (Number number = 0; number < partitions_; ++number) {
    const Index primary = index_of(newest_->at(newest_->partitions[number].primary).id);
    const ReplicationHost* const host = stores_.at(primary)->host;
    if (machines_[primary]->is_gone || host == nullptr) continue;
    for (const auto& [name, entry] : host->engine->content())
      if (placement::partition_of(name, partitions_) == number &&
          diststore::has_expired(entry.expires_at, wall(primary)))
        return "at the end " + name + " has expired, and is not swept";
  }
  return {};
}

// At no moment two processes that both answer for a partition: what the store says of itself.
void ReplicationWorld::check_serving() {
  const Store& here = store(touched_);
  if (here.host == nullptr || !moment(touched_).has_lease()) return;
  for (Number number = 0; number < partitions_; ++number) {
    if (here.host->replicas.gate().serving_term(number) == 0) continue;
    for (const auto& [other, there] : stores_)
      if (other != touched_ && there->host != nullptr && moment(other).has_lease() &&
          there->host->replicas.gate().serving_term(number) != 0)
        violate("partition " + std::to_string(number) + " is served by " + std::to_string(touched_) + " and " +
                std::to_string(other));
  }
}

bool ReplicationWorld::has_erase_since(const Key& key, TimePoint begun) {
  return std::ranges::any_of(key.history, [&](const StoreOperation& one) {
    const bool is_end = one.kind == StoreOperation::Kind::swap && one.value == 0;  // of a value
    if (is_end) return one.begun >= begun;
    return one.kind == StoreOperation::Kind::erase && one.outcome != StoreOperation::Outcome::failed &&
           one.ended >= begun;
  });
}

// What copies answer without their primaries (decision 40): all that was acknowledged until the moment that they know
// of is seen, and what they show stays, as if it had been acknowledged.
void ReplicationWorld::check_reads_of_copies(Index at) {
  const Machine& machine = *machines_[at];
  const ReplicationHost* const host = stores_.contains(at) ? stores_.at(at)->host : nullptr;
  if (host == nullptr || machine.member == nullptr) return;
  const auto& agreement = machine.member->agreement();
  if (agreement.newest_at() == TimePoint::min()) return;
  if (host->replicas.copies().epoch() < agreement.latest()->epoch) return;
  const Duration age = local(at) - agreement.newest_at();
  const TimePoint known_at =
      time_.now() - Duration(static_cast<Duration::rep>(static_cast<double>(age.count()) / machine.clock_rate)) - 1us;
  for (Key& key : keys_)
    if (host->replicas.copies().begin(key.partition) != 0) check_read_of_copy(at, key, known_at);
}

void ReplicationWorld::check_read_of_copy(Index at, Key& key, TimePoint known_at) {
  const ReplicationHost& host = *stores_.at(at)->host;
  const replication::CopyGate& copies = host.replicas.copies();
  const auto held = host.engine->content().find(key.name);
  const bool is_there = held != host.engine->content().end() && !held->second.is_erased;
  const WriteVersion version = is_there ? replication::version_of(held->second.version) : replication::kNoVersion;
  if (is_there ? !copies.is_committed(key.partition, version) : !copies.is_all_committed(key.partition)) return;
  for (const Acknowledged& one : key.acknowledgements) {
    if (one.at > known_at) continue;
    const bool is_seen = is_there ? one.version <= version : one.is_erase || has_erase_since(key, one.begun);
    if (!is_seen)
      violate("the copy at " + std::to_string(at) + " shows less of " + key.name + " than was acknowledged " +
              std::to_string((known_at - one.at) / 1ms) + " ms before what it says of its age: (" +
              std::to_string(one.version.term) + ", " + std::to_string(one.version.seq) + ")");
  }
  if (!is_there || version <= key.acknowledged || version.term < born_[key.partition]) return;
  // An erase may have come since, which this copy has not heard of.
  const auto writing = std::ranges::find(key.history, std::stoi(held->second.value), &StoreOperation::value);
  if (writing == key.history.end()) return;
  key.acknowledged = version;
  key.acknowledged_begun = writing->begun;
  key.is_acknowledged_erase = false;
}

void ReplicationWorld::check_copies(Index at) {
  if (newest_ == nullptr) return;
  for (Number number = 0; number < partitions_; ++number) check_copy(at, number);
  if (newest_->epoch == maps_checked_) return;
  maps_checked_ = newest_->epoch;
  for (const auto& [index, one] : stores_)
    for (Number number = 0; number < partitions_; ++number) check_copy(index, number);
}

// Every acknowledged write is on every in-sync member of the newest map, or a newer one.
void ReplicationWorld::check_copy(Index at, Number number) {
  const Machine& machine = *machines_[at];
  const cluster::Partition& partition = newest_->partitions[number];
  const cluster::Slot slot = newest_->slot_of(machine.id);
  if (slot == cluster::kNoSlot || !partition.is_in_sync(slot)) return;
  const bool is_running = machine.member != nullptr && newest_->at(slot).boot.number == machine.boots;
  if (!is_running && !is_durable_) return;
  const Store& there = *stores_.at(at);
  const ReplicationEngine::Content& content = is_running ? there.host->engine->content() : there.disk.content;
  for (const Key& key : keys_) {
    if (key.partition != number || key.acknowledged == replication::kNoVersion) continue;
    const auto held = content.find(key.name);
    const bool is_there = held != content.end() && !held->second.is_erased;
    const bool is_fine = is_there ? key.acknowledged <= replication::version_of(held->second.version)
                                  : key.is_acknowledged_erase || has_erase_since(key, key.acknowledged_begun);
    if (!is_fine)
      violate("in sync, " + std::to_string(at) + " lacks an acknowledged write of " + key.name + " in partition " +
              std::to_string(number) + ": (" + std::to_string(key.acknowledged.term) + ", " +
              std::to_string(key.acknowledged.seq) + ")");
  }
}

// --- at the end ------------------------------------------------------------------------------------------------------

std::string ReplicationWorld::copy_differs(Index at, Number number) const {
  const Index primary = index_of(newest_->at(newest_->partitions[number].primary).id);
  const ReplicationHost* const here = stores_.at(at)->host;
  const ReplicationHost* const there = stores_.at(primary)->host;
  if (here == nullptr || there == nullptr) return "is down";
  const replication::CopyState* const state = here->replicas.state(number);
  if (state == nullptr || !state->is_complete) return "is not complete";
  if (state->has_suspects()) return "has suspects";
  if (!state->tombstones.empty()) return "has tombstones";
  if (!state->uncommitted.empty()) return "has writes that are not committed";
  for (const Key& key : keys_) {
    if (key.partition != number) continue;
    const auto own = here->engine->copy(key.name).value();
    const auto other = there->engine->copy(key.name).value();
    if (own && own->is_erased) return "has a tombstone of " + key.name;
    if (own.has_value() != other.has_value()) return "differs in " + key.name;
    if (own && (own->version != other->version || own->value != other->value)) return "differs in " + key.name;
    if (own && own->expires_at != other->expires_at) return "differs in when " + key.name + " ends";
  }
  return {};
}

std::string ReplicationWorld::why_copies_differ() const {
  for (Number number = 0; number < partitions_; ++number)
    for (const cluster::Slot slot : newest_->partitions[number].in_sync) {
      const Index at = index_of(newest_->at(slot).id);
      if (machines_[at]->is_gone) continue;
      const std::string why = copy_differs(at, number);
      if (!why.empty())
        return "at the end the copy of partition " + std::to_string(number) + " at " + std::to_string(at) + " " + why;
    }
  return {};
}

std::string ReplicationWorld::why_store_not_at_rest() const {
  if (const std::string why = why_not_at_rest(); !why.empty()) return why;
  if (!clients_stop_) return "clients are not served at the end";
  for (const Client& client : clients_)
    if (client.is_busy) return "a client has no answer at the end";
  if (const std::string why = why_not_swept(); !why.empty()) return why;
  return why_copies_differ();
}

void ReplicationWorld::check_histories() {
  for (const Key& key : keys_) {
    const std::string why = not_linearizable(key.history);
    if (!why.empty()) violate(key.name + ": " + why);
    const std::string nothing = read_of_nothing(key.history);
    if (!nothing.empty()) violate(key.name + ": " + nothing);
  }
}

}  // namespace p2p::sim
