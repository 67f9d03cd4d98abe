#include "replication_world.h"

#include <algorithm>
#include <utility>

namespace p2p::sim {

using namespace std::chrono_literals;
namespace replication = diststore::replication;

namespace {

constexpr std::size_t kClients = 4;
constexpr Duration kPatience = 2s;
constexpr std::size_t kGetsPerScan = 4;

}  // namespace

void ReplicationWorld::start_clients() {
  clients_.resize(kClients);
  for (Client& client : clients_) client.clock_ahead = time_.happens(0.5) ? Duration{} : time_.between(0ms, 3s);
  for (std::size_t client = 0; client < kClients; ++client)
    time_.after(time_.between(300ms, 500ms), [this, client] { schedule_client(client); });
}

void ReplicationWorld::schedule_client(std::size_t client) {
  const bool is_in_vain = newest_ == nullptr || (is_healed_ && are_all_lost());
  if (clients_stop_ || is_in_vain) {
    if (!clients_stop_) time_.after(20ms, [this, client] { schedule_client(client); });
    return;
  }
  begin_operation(client);
}

// Its data went with the disk of its only copy: nobody serves it until an operator gives it up.
bool ReplicationWorld::is_lost(Number number) const {
  return machines_[index_of(newest_->at(newest_->partitions[number].primary).id)]->is_gone;
}

bool ReplicationWorld::are_all_lost() const {
  for (Number number = 0; number < partitions_; ++number)
    if (!is_lost(number)) return false;
  return true;
}

ReplicationWorld::Kind ReplicationWorld::any_kind() {
  const std::uint64_t chance = time_.below(100);
  if (chance < 40) return Kind::get;
  if (chance < 78) return Kind::put;
  if (chance < 86) return Kind::erase;
  return chance < 92 ? Kind::put_if_absent : Kind::put_if_version;
}

// Asks whom it takes for the primary, or anybody.
void ReplicationWorld::begin_operation(std::size_t client) {
  Operation operation{.kind = any_kind(), .client = client};
  std::size_t key = time_.below(keys_.size());
  while (is_healed_ && is_lost(keys_[key].partition)) key = (key + 1) % keys_.size();
  if (operation.kind == Kind::put_if_version && !is_healed_) {
    key = clients_[client].known_key;
    operation.version = clients_[client].known_version;
    if (operation.version == replication::kNoVersion) operation.kind = Kind::put;
  } else if (operation.kind == Kind::put_if_version) {
    operation.kind = Kind::put;
  }
  operation.keys.push_back(key);
  if (operation.kind == Kind::put && time_.happens(0.15))
    for (std::size_t other = 0; other < keys_.size(); ++other)
      if (other != key && keys_[other].partition == keys_[key].partition && operation.keys.size() < 2)
        operation.keys.push_back(other);
  const cluster::Slot primary = newest_->partitions[keys_[key].partition].primary;
  operation.node = time_.happens(0.85) ? index_of(newest_->at(primary).id) : time_.below(machines_.size());
  operation.value = last_value_ + 1;
  last_value_ += static_cast<int>(operation.keys.size());
  for (std::size_t which = 0; which < operation.keys.size(); ++which) {
    StoreOperation entry;
    entry.kind = operation.kind == Kind::get     ? StoreOperation::Kind::read
                 : operation.kind == Kind::erase ? StoreOperation::Kind::erase
                 : operation.kind == Kind::put   ? StoreOperation::Kind::write
                                                 : StoreOperation::Kind::swap;
    if (entry.kind != StoreOperation::Kind::read && entry.kind != StoreOperation::Kind::erase)
      entry.value = operation.value + static_cast<int>(which);
    if (operation.kind == Kind::put_if_version) entry.expected = clients_[client].known_value;
    entry.begun = time_.now();
    entry.node = static_cast<int>(operation.node);
    operation.entries.push_back(keys_[operation.keys[which]].history.size());
    keys_[operation.keys[which]].history.push_back(entry);
  }
  // The end of a value follows from when it was taken: of one that was lost, a second attempt makes another.
  const bool is_named = operation.kind != Kind::get && operation.keys.size() == 1 && time_.happens(named_);
  if (is_named) operation.id = {.client = client + 1, .number = operation_number(client)};
  const bool stores = operation.kind != Kind::get && operation.kind != Kind::erase;
  if (stores && !is_named && time_.happens(expires_))
    operation.ttl_ms = static_cast<std::int64_t>(1 + time_.below(1500));
  const std::size_t number = operations_log_.size();
  operations_log_.push_back(std::move(operation));
  clients_[client].is_busy = true;
  ++operations_;
  attempt(number);
  time_.after(kPatience, [this, number] { end_operation(number); });
}

// By the client's clock.
std::uint64_t ReplicationWorld::operation_number(std::size_t client) {
  Client& one = clients_[client];
  const auto now = static_cast<std::uint64_t>((time_.now().time_since_epoch() + one.clock_ahead) / 1us);
  one.last_number = std::max(one.last_number + 1, kWallStart * replication::kOperationsPerMs + now);
  return one.last_number;
}

// It may be long on its way, as where it waits at another node: longer than the client does.
void ReplicationWorld::attempt(std::size_t number) {
  Operation& operation = operations_log_[number];
  const std::size_t attempts = ++operation.attempts;
  const bool is_delayed = operation.id.is_set() && !is_healed_ && time_.happens(delayed_);
  const Duration later = is_delayed ? time_.between(1ms, 4s) : time_.between(50us, 500us);
  operation.arrived_by = std::max(operation.arrived_by, time_.now() + later);
  on_machine(operation.node, time_.now() + later,
             [this, node = operation.node, number, id = operation.id, is_again = operation.is_again] {
               execute(node, number, id, is_again);
             });
  if (!operation.id.is_set()) return;
  time_.after(time_.between(100ms, 600ms), [this, number, attempts] {
    Operation& late = operations_log_[number];
    if (late.is_over || late.attempts != attempts) return;
    late.is_again = true;
    try_again(number, attempts, Duration{});
  });
}

void ReplicationWorld::try_again(std::size_t number, std::size_t attempts, Duration pause) {
  time_.after(pause, [this, number, attempts] {
    Operation& operation = operations_log_[number];
    if (operation.is_over || operation.attempts != attempts) return;
    const cluster::Slot primary = newest_->partitions[keys_[operation.keys.front()].partition].primary;
    operation.node = time_.happens(0.85) ? index_of(newest_->at(primary).id) : time_.below(machines_.size());
    attempt(number);
  });
}

// As clients do (docs/decisions/0044). False: the answer ends the operation.
bool ReplicationWorld::tries_again(std::size_t number, const Answer& answer) {
  Operation& operation = operations_log_[number];
  if (!operation.id.is_set()) return false;
  switch (answer.verdict) {
    case Verdict::done:
    case Verdict::missing:
    case Verdict::condition_failed:
      return false;
    case Verdict::forgotten:
      if (operation.is_again || operation.attempts > 1) return true;  // it is not known, and will not be
      clients_[operation.client].last_number =
          std::max(clients_[operation.client].last_number, answer.operations_highest);
      operation.id.number = operation_number(operation.client);
      break;
    case Verdict::unknown:
      operation.is_again = true;
      break;
    case Verdict::refused:
    case Verdict::overloaded:
    case Verdict::full:
      break;
  }
  try_again(number, operation.attempts, time_.between(1ms, 50ms));
  return true;
}

void ReplicationWorld::execute(Index at, std::size_t number, replication::OperationId id, bool is_again) {
  const bool is_get = operations_log_[number].kind == Kind::get;
  if (is_get && number % kGetsPerScan == 0) return read_as_a_scan(at, number);
  if (is_get) return read(at, number);
  write(at, number, id, is_again);
}

// As an I/O thread does: the value first; then, perhaps much later, whether it may be answered.
void ReplicationWorld::read(Index at, std::size_t number) {
  const Operation& operation = operations_log_[number];
  const Key& key = keys_[operation.keys.front()];
  const replication::ReadGate& gate = store(at).host->replicas.gate();
  const replication::KeyHash hash = replication::hash_of(key.name);
  Answer answer{.request = number + 1, .verdict = Verdict::missing, .partition = key.partition};
  answer.term = gate.serving_term(key.partition);
  if (answer.term == 0) {
    answer.verdict = Verdict::refused;
    return finish(number, answer, 0);
  }
  int value = 0;
  bool has_expired = false;
  static_cast<void>(store(at).host->engine->get(
      key.name, {}, [&](std::string_view held, diststore::Version version, diststore::WallMs expires_at) {
        has_expired = diststore::has_expired(expires_at, wall(at));
        value = std::stoi(std::string(held));
        answer.version = replication::version_of(version);
        answer.verdict = Verdict::done;
      }));
  if (has_expired || gate.is_under_way(hash)) {
    Effects effects;
    store(at).host->replicas.read(key.partition, key.name, hash, number + 1, moment(at), effects);
    return obey(at, effects);
  }
  const Duration later = !is_healed_ && time_.happens(slow_read_) ? time_.between(100ms, 3s) : time_.between(1us, 50us);
  on_machine(at, time_.now() + later, [this, at, number, answer, value] {
    Answer now = answer;
    now.verdict = store(at).host->replicas.verdict_now(answer, moment(at));
    finish(number, now, value);
  });
}

// The value, or that there is none, on an I/O thread; and then, perhaps much later, whether all that was under way is
// committed, in the same term. Who reads many keys looks at no counter.
void ReplicationWorld::read_as_a_scan(Index at, std::size_t number) {
  Operation& operation = operations_log_[number];
  const Key& key = keys_[operation.keys.front()];
  operation.settles = true;
  bool has_expired = false;
  operation.seen_in = store(at).host->replicas.gate().serving_term(key.partition);
  if (operation.seen_in == 0) return finish(number, {.request = number + 1, .partition = key.partition}, 0);
  static_cast<void>(store(at).host->engine->get(
      key.name, {}, [&](std::string_view held, diststore::Version version, diststore::WallMs expires_at) {
        has_expired = diststore::has_expired(expires_at, wall(at));
        if (has_expired) return;
        operation.seen = std::stoi(std::string(held));
        operation.seen_version = replication::version_of(version);
      }));
  if (has_expired) {  // what it leaves out is erased first
    operation.settles = false;
    Effects effects;
    store(at).host->replicas.read(key.partition, key.name, replication::hash_of(key.name), number + 1, moment(at),
                                  effects);
    return obey(at, effects);
  }
  const Duration later = !is_healed_ && time_.happens(slow_read_) ? time_.between(100ms, 3s) : time_.between(1us, 50us);
  on_machine(at, time_.now() + later, [this, at, number, partition = key.partition] {
    Effects effects;
    store(at).host->replicas.settle(partition, number + 1, moment(at), effects);
    obey(at, effects);
  });
}

void ReplicationWorld::end_scan(std::size_t number, Answer answer) {
  const Operation& operation = operations_log_[number];
  if (answer.verdict == Verdict::done && answer.term != operation.seen_in) answer.verdict = Verdict::refused;
  if (answer.verdict == Verdict::done && operation.seen == 0) answer.verdict = Verdict::missing;
  answer.version = operation.seen_version;
  finish(number, answer, operation.seen);
}

void ReplicationWorld::write(Index at, std::size_t number, replication::OperationId id, bool is_again) {
  const Operation& operation = operations_log_[number];
  auto batch = std::make_shared<replication::Batch>();
  replication::Condition condition;
  if (operation.kind == Kind::put_if_absent) condition.kind = replication::Condition::Kind::if_absent;
  if (operation.kind == Kind::put_if_version)
    condition = {.kind = replication::Condition::Kind::if_version, .version = operation.version};
  for (std::size_t which = 0; which < operation.keys.size(); ++which) {
    const std::string& name = keys_[operation.keys[which]].name;
    if (operation.kind == Kind::erase)
      batch->writes.push_back(replication::KeyWrite::erase(name));
    else
      batch->writes.push_back(
          replication::KeyWrite::put(name, std::to_string(operation.value + static_cast<int>(which)), condition));
    batch->writes.back().ttl_ms = operation.ttl_ms;
  }
  batch->operation = id;
  batch->is_again = is_again;
  Effects effects;
  store(at).host->replicas.write(keys_[operation.keys.front()].partition, std::move(batch), number + 1, moment(at),
                                 effects);
  obey(at, effects);
}

// Of an answer of the strand: whether it stands is looked at when it leaves.
void ReplicationWorld::answer_soon(Index at, Answer answer) {
  if (answer.request == replication::kNoRequest) return;
  const Duration later = !is_healed_ && time_.happens(slow_read_) ? time_.between(10ms, 2s) : time_.between(1us, 20us);
  on_machine(at, time_.now() + later, [this, at, answer = std::move(answer)] {
    if (store(at).host->replicas.waits_for_lease(answer, moment(at))) return answer_soon(at, answer);
    Answer now = answer;
    now.verdict = store(at).host->replicas.verdict_now(answer, moment(at));
    if (operations_log_[now.request - 1].settles) return end_scan(now.request - 1, now);
    const int value = now.write == nullptr ? 0 : std::stoi(now.write->value);
    finish(answer.request - 1, now, value);
  });
}

// The way back; it gets lost when the client has given up.
void ReplicationWorld::finish(std::size_t number, const Answer& answer, int value_read) {
  if (answer.verdict == Verdict::done && answer.is_write) note_done(operations_log_[number], answer, value_read);
  time_.after(time_.between(50us, 500us), [this, number, answer, value_read] {
    Operation& operation = operations_log_[number];
    if (operation.is_over || tries_again(number, answer) || answer.verdict == Verdict::unknown) return;
    for (std::size_t which = 0; which < operation.keys.size(); ++which) {
      StoreOperation& done = entry(operation, which);
      done.ended = time_.now();
      switch (answer.verdict) {
        case Verdict::refused:
        case Verdict::overloaded:
        case Verdict::full:
          done.outcome = StoreOperation::Outcome::failed;
          break;
        case Verdict::forgotten:
        case Verdict::unknown:
          break;
        case Verdict::done:
          done.outcome = StoreOperation::Outcome::done;
          if (operation.kind == Kind::get) done.value = value_read;
          if (operation.kind == Kind::erase) done.value = 1;
          break;
        case Verdict::missing:
          done.outcome = StoreOperation::Outcome::done;
          done.value = 0;
          break;
        case Verdict::condition_failed: {  // it has read what is there
          const auto& values = keys_[operation.keys[which]].values;
          const auto there = values.find(answer.version);
          done.kind = StoreOperation::Kind::read;
          done.outcome = StoreOperation::Outcome::done;
          done.value = answer.version == replication::kNoVersion ? 0 : there == values.end() ? -1 : there->second;
        }
      }
    }
    Client& client = clients_[operation.client];
    const bool is_served =
        answer.verdict != Verdict::refused && answer.verdict != Verdict::overloaded && answer.verdict != Verdict::full;
    if (is_served && is_healed_ && operation.kind == Kind::get) ++client.reads_healed;
    if (is_served && is_healed_ && operation.kind == Kind::put) ++client.writes_healed;
    if (answer.verdict == Verdict::done && operation.kind != Kind::erase) {
      client.known_key = operation.keys.front();
      client.known_version = answer.version;
      client.known_value = operation.kind == Kind::get ? value_read : operation.value;
    }
    end_operation(number);
  });
}

// From now on every in-sync copy has it, or a newer one.
void ReplicationWorld::note_done(Operation& operation, const Answer& answer, int) {
  ++acknowledged_count_;
  if (answer.term < born_[keys_[operation.keys.front()].partition]) return;  // it is lost by now
  for (const std::size_t number : operation.keys) {
    Key& key = keys_[number];
    key.acknowledgements.push_back({.version = answer.version,
                                    .begun = entry(operation, 0).begun,
                                    .at = time_.now(),
                                    .is_erase = operation.kind == Kind::erase});
    if (answer.version <= key.acknowledged) continue;
    key.acknowledged = answer.version;
    key.acknowledged_begun = entry(operation, 0).begun;
    key.is_acknowledged_erase = operation.kind == Kind::erase;
  }
}

// Answered, or given up: what has not been answered may be done some time.
void ReplicationWorld::end_operation(std::size_t number) {
  Operation& operation = operations_log_[number];
  if (std::exchange(operation.is_over, true)) return;
  clients_[operation.client].is_busy = false;
  time_.after(time_.between(100us, think_max_), [this, client = operation.client] { schedule_client(client); });
}

}  // namespace p2p::sim
