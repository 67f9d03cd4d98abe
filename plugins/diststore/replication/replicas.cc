#include "replication/replicas.h"

#include "replication/copy.h"

#include <p2p/assert.h>

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

HeldPartition::HeldPartition() = default;
HeldPartition::~HeldPartition() = default;

HeldPartition& Replicas::hold(Partition partition) {
  if (site_.held[partition] == nullptr) {
    site_.held[partition] = std::make_unique<HeldPartition>();
    site_.held[partition]->assignment.partition = partition;
  }
  return *site_.held[partition];
}

const CopyState* Replicas::state(Partition partition) const {
  const HeldPartition* const found = held(partition);
  return found == nullptr ? nullptr : &found->state;
}

Primary* Replicas::primary_in(Partition partition, Epoch term) const {
  const HeldPartition* const found = held(partition);
  return found == nullptr || found->assignment.term != term ? nullptr : found->primary.get();
}

// A backfill that was cut leaves nothing (I7); suspects, named keys and the old commit index stay.
void Replicas::restore(Partition partition, CopyState state) {
  HeldPartition& restored = hold(partition);
  restored.state = std::move(state);
  restored.has_had_others = true;  // perhaps
  restored.state.operations.forget_names();
  site_.expiries[partition].set_unknown();
  Effects none;
  if (restored.state.is_filling) start_empty(restored, none);
  site_.logs.begin(partition, restored.log, restored.state.commit);
  for (const Uncommitted& entry : restored.state.uncommitted.entries())
    site_.log_keys(restored, entry.version.seq, *entry.batch);
  restored.material_since = TimePoint::max();
  material_.push_back(partition);
}

// --- clients ---------------------------------------------------------------------------------------------------------

void Replicas::write(Partition partition, std::shared_ptr<Batch> batch, RequestId request, Moment moment,
                     Effects& effects) {
  P2P_ASSERT(!batch->writes.empty(), "a write of at least one key");
  const HeldPartition* const found = held(partition);
  if (found != nullptr && found->primary != nullptr)
    return found->primary->write(std::move(batch), request, moment, effects);
  effects.answers.push_back({.request = request, .verdict = Verdict::refused, .partition = partition});
}

void Replicas::read(Partition partition, std::string_view key, KeyHash hash, RequestId request, Moment moment,
                    Effects& effects) {
  const HeldPartition* const found = held(partition);
  if (found != nullptr && found->primary != nullptr) return found->primary->read(key, hash, request, moment, effects);
  effects.answers.push_back({.request = request, .verdict = Verdict::refused, .partition = partition});
}

void Replicas::settle(Partition partition, RequestId request, Moment moment, Effects& effects) {
  const HeldPartition* const found = held(partition);
  if (found != nullptr && found->primary != nullptr) return found->primary->settle(request, moment, effects);
  effects.answers.push_back({.request = request, .verdict = Verdict::refused, .partition = partition});
}

Verdict Replicas::verdict_now(const Answer& answer, Moment moment) const {
  switch (answer.verdict) {
    case Verdict::refused:
    case Verdict::overloaded:
    case Verdict::full:
    case Verdict::forgotten:
    case Verdict::unknown:
      return answer.verdict;
    case Verdict::done:
    case Verdict::missing:
    case Verdict::condition_failed:
      break;
  }
  if (answer.is_write) return moment.has_lease() ? answer.verdict : Verdict::unknown;  // (W6)
  const bool is_served = site_.gate.serving_term(answer.partition) == answer.term;
  return is_served && moment.has_lease() ? answer.verdict : Verdict::refused;  // (W5)
}

// What began empty since has not got it (I9).
bool Replicas::waits_for_lease(const Answer& answer, Moment moment) const {
  if (!answer.is_write || answer.verdict != Verdict::done || moment.has_lease()) return false;
  const HeldPartition* const found = held(answer.partition);
  const bool is_primary = found != nullptr && found->primary != nullptr && found->assignment.born <= answer.term;
  return is_primary && moment.now < answer.committed_at + kLeaseWaitMax;
}

// --- other nodes -----------------------------------------------------------------------------------------------------

void Replicas::on_connected(Node node, Moment moment, Effects& effects) {
  Link& link = site_.link(node);
  link = {.is_connected = true, .since = moment.now, .full = link.full};
  for (const auto& one : site_.held)
    if (one != nullptr && one->primary != nullptr) one->primary->on_connected(node, moment, effects);
}

void Replicas::on_disconnected(Node node, Moment moment) {
  Link& link = site_.link(node);
  link = {.is_connected = false, .since = moment.now, .full = link.full};
  for (const auto& one : site_.held)
    if (one != nullptr && one->primary != nullptr) one->primary->on_disconnected(node);
}

void Replicas::set_overfull(Node node, bool is_overfull) {
  site_.link(node).is_overfull = is_overfull;
  for (const auto& one : site_.held)
    if (one != nullptr && one->primary != nullptr) site_.activate(*one);
}

void Replicas::allow(Node node, Duration allowance, TimePoint now) {
  Link& link = site_.link(node);
  const Duration before = std::exchange(link.allowance, allowance);
  const Duration taken = std::min(before, now - std::exchange(link.allowed_at, now));
  if (taken <= Duration::zero()) return;
  for (HeldPartition* one : site_.active)
    if (one->primary != nullptr) one->primary->excuse(node, taken);
}

// What is of a newer map waits for that map, and what comes behind it waits, too (W3).
void Replicas::on_message(Node from, Message message, Moment moment, Effects& effects) {
  const bool is_newer = message.head.epoch > site_.map.epoch;
  if (is_newer) effects.maps_wanted.push_back(from);
  if (is_from_copy(message)) return take(from, message, moment, effects);
  if (unheard_.contains(from)) return;  // what follows a gap is worth nothing, and "complete" would be believed
  const auto waiting = waiting_.find(from);
  if (!is_newer && waiting == waiting_.end()) return take(from, message, moment, effects);
  std::deque<Message>& queue = waiting == waiting_.end() ? waiting_[from] : waiting->second;
  queue.push_back(std::move(message));
  if (queue.size() <= kMessagesWaitingMax) return;
  waiting_.erase(from);
  unheard_.insert(from);
  effects.hang_ups.push_back(from);
}

void Replicas::take_waiting(Moment moment, Effects& effects) {
  for (auto& [from, queue] : waiting_) {
    while (!queue.empty() && queue.front().head.epoch <= site_.map.epoch) {
      Message message = std::move(queue.front());
      queue.pop_front();
      take(from, message, moment, effects);
    }
    if (!queue.empty()) effects.maps_wanted.push_back(from);
  }
  std::erase_if(waiting_, [](const auto& one) { return one.second.empty(); });
}

void Replicas::take(Node from, Message& message, Moment moment, Effects& effects) {
  if (message.head.partition >= kPartitions) return;
  if (!is_from_copy(message)) return Copy(site_, hold(message.head.partition), effects).on_message(from, message);
  Primary* const primary = primary_in(message.head.partition, message.head.term);
  if (primary != nullptr) primary->on_message(from, message, moment, effects);
}

void Replicas::on_scanned(Scanned scanned, Effects& effects) {
  const HeldPartition* const found = held(scanned.partition);
  if (found != nullptr && found->primary != nullptr) found->primary->on_scanned(scanned, effects);
}

// --- reports ---------------------------------------------------------------------------------------------------------

std::vector<CopyReport> Replicas::filled() const {
  std::vector<CopyReport> reports;
  for (const HeldPartition* one : site_.active)
    if (one->primary != nullptr) one->primary->add_filled(reports);
  return reports;
}

std::vector<CopyReport> Replicas::failed(TimePoint now) const {
  std::vector<CopyReport> reports;
  for (const HeldPartition* one : site_.active)
    if (one->primary != nullptr) one->primary->add_failed(now, reports);
  return reports;
}

bool Replicas::is_healthy(TimePoint now) const {
  const bool is_overdue = !syncs_.empty() && now >= syncs_.front().asked_at + site_.options.replica_timeout;
  return !site_.failure && !is_overdue;
}

}  // namespace p2p::diststore::replication
