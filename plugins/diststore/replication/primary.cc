#include "replication/primary.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

Answer Primary::answer_of(RequestId request, Verdict verdict) const {
  return {.request = request, .verdict = verdict, .partition = number(), .term = term()};
}

bool Primary::may_serve(Moment moment) const { return is_serving() && moment.has_lease() && !site_.failure; }

// False: there are enough of them.
bool Primary::refuse_for_copies(RequestId request, Effects& effects) const {
  Answer refused = answer_of(request, Verdict::refused);
  refused.copies_in_sync = held_.assignment.in_sync_count();
  refused.copies_required = held_.assignment.copies_required;
  if (refused.copies_in_sync >= refused.copies_required) return false;
  effects.answers.push_back(std::move(refused));
  return true;
}

// One that is larger than all of it is taken alone.
bool Primary::has_room_for(const Batch& batch) const {
  const UncommittedList& under_way = state_.uncommitted;
  if (under_way.size() >= site_.options.under_way_max) return false;
  return under_way.empty() || under_way.key_bytes() + batch.key_bytes() <= site_.options.under_way_key_bytes_max;
}

// (W1)
void Primary::write(std::shared_ptr<Batch> batch, RequestId request, Moment moment, Effects& effects) {
  if (!may_serve(moment)) return effects.answers.push_back(answer_of(request, Verdict::refused));
  if (batch->operation.is_set() && answer_if_repeated(batch, request, moment, effects)) return;
  if (refuse_for_copies(request, effects)) return;
  if (!has_room_for(*batch)) return effects.answers.push_back(answer_of(request, Verdict::overloaded));
  if (auto full = refusal_for_memory(*batch, request)) return effects.answers.push_back(std::move(*full));
  if (!erase_expired_of(*batch, moment, effects))
    return effects.answers.push_back(answer_of(request, Verdict::refused));
  for (KeyWrite& write : batch->writes) {
    if (write.is_erase) write.existed = content_.version_at(write.key) != kNoVersion;
    if (write.ttl_ms > 0) write.expires_at = expiry_after(write.ttl_ms, moment.wall);
  }
  if (answer_unless_met(*batch, request, moment, effects)) return try_commit(moment, effects);
  if (!append(std::move(batch), request, moment, effects))
    return effects.answers.push_back(answer_of(request, Verdict::unknown));
  try_commit(moment, effects);  // at once where nobody else is required
}

// An attempt at a write that another attempt has done already, or may have (docs/decisions/0044). The answer waits for
// the write, or for the record that nothing was done, until it is committed. False: it is new.
bool Primary::answer_if_repeated(const BatchPtr& batch, RequestId request, Moment moment, Effects& effects) {
  const std::uint64_t now = moment.wall * kOperationsPerMs;
  // Where clocks were wrong before, the highest number may be far ahead itself: one just above it is what was asked
  // for.
  const std::uint64_t taken_at_most =
      std::max(now + kOperationsAheadMax, state_.operations.highest + kOperationsAboveHighestMax);
  const bool is_ahead = batch->operation.number > taken_at_most;
  const std::size_t steps_max = batch->is_again ? Operations::kStepsMax : Operations::kFirstStepsMax;
  const Operations::Answer found = site_.operations.find(state_.operations, batch->operation, steps_max);
  if (found.seen == Operations::Seen::never && !is_ahead) return false;
  Answer answer = answer_of(request, Verdict::forgotten);
  if (found.seen != Operations::Seen::before) {
    answer.operations_highest = std::max(state_.operations.highest, now);
    effects.answers.push_back(std::move(answer));
    return true;
  }
  Seq seq = found.record->version.seq;
  if (found.record->has_effect) {
    answer.verdict = Verdict::done;
    answer.is_write = true;
    answer.committed_at = moment.now;
    answer.version = found.record->version;
    answer.batch = batch;
  } else {
    answer = answer_without_effect(*batch, request, moment);
    const KeyWrite& only = batch->writes.front();
    if (const Uncommitted* seen = state_.uncommitted.last_of(only.key, only.hash))
      seq = std::max(seq, seen->version.seq);
  }
  if (seq <= state_.commit)
    effects.answers.push_back(std::move(answer));
  else
    wait({.seq = seq, .answer = std::move(answer)}, effects);
  return true;
}

// As of now: by the time of the attempt that was recorded, something else may have been in the condition's way. Where
// nothing is any more, there is nothing to tell that would be true.
Answer Primary::answer_without_effect(const Batch& batch, RequestId request, Moment moment) {
  const KeyWrite& only = batch.writes.front();
  if (only.condition.kind == Condition::Kind::none) return answer_of(request, Verdict::missing);
  const bool is_gone = has_expired(content_.expiry_at(only.key), moment.wall);
  const WriteVersion there = is_gone ? kNoVersion : content_.version_at(only.key);
  Answer failed = answer_of(request, there == only.condition.wanted() ? Verdict::unknown : Verdict::condition_failed);
  failed.version = there;
  return failed;
}

// What a condition or an erase would tell as gone has gone on all copies in sync by then, so that no later primary has
// it again, whatever its clock says (docs/decisions/0037). False: the engine failed.
bool Primary::erase_expired_of(const Batch& asked, Moment moment, Effects& effects) {
  if (!site_.expiries[number()].may_have_come(moment.wall)) return true;
  auto expired = std::make_shared<Batch>();
  for (const KeyWrite& write : asked.writes) {
    const bool is_asked = write.is_erase || write.condition.kind != Condition::Kind::none;
    if (is_asked && has_expired(content_.expiry_at(write.key), moment.wall))
      expired->writes.push_back(KeyWrite::erase(write.key));
  }
  return expired->writes.empty() || append_expired(std::move(expired), moment, effects);
}

// It follows what was written before, and so is no later than anything that is told of it. That fewer copies are in
// sync than copies_min asks for is no hindrance: nobody relies on an erase of this kind. False: the engine failed.
bool Primary::append_expired(BatchPtr expired, Moment moment, Effects& effects) {
  site_.expired_keys += expired->writes.size();
  return append(expired, kNoRequest, moment, effects);
}

bool Primary::erase_expired(BatchPtr expired, Moment moment, Effects& effects) {
  const bool is_busy = 2 * state_.uncommitted.size() >= site_.options.under_way_max;  // the other half is for clients
  if (!may_serve(moment) || is_busy || !has_room_for(*expired)) return false;
  if (!append_expired(std::move(expired), moment, effects)) return false;
  try_commit(moment, effects);
  return true;
}

// Conditions are checked against the newest state, writes under way included (W1). True: one was not met, or there is
// nothing to erase; the answer waits for the write that it saw.
bool Primary::answer_unless_met(const Batch& batch, RequestId request, Moment moment, Effects& effects) {
  for (const KeyWrite& write : batch.writes) {
    if (write.condition.kind == Condition::Kind::none) continue;
    const WriteVersion there = content_.version_at(write.key);
    if (there == write.condition.wanted()) continue;
    Answer failed = answer_of(request, Verdict::condition_failed);
    failed.version = there;
    end_without_effect(batch, write, std::move(failed), moment, effects);
    return true;
  }
  const KeyWrite& only = batch.writes.front();
  if (batch.writes.size() > 1 || !only.is_erase || only.existed) return false;
  end_without_effect(batch, only, answer_of(request, Verdict::missing), moment, effects);
  return true;
}

// Where another attempt may come later, that one must not find that it can do something: the end of the operation is
// written down on all copies before it is told.
void Primary::end_without_effect(const Batch& batch, const KeyWrite& seen, Answer answer, Moment moment,
                                 Effects& effects) {
  if (!batch.operation.is_set() || !batch.is_again) return wait_for(seen.key, seen.hash, std::move(answer), effects);
  auto record = std::make_shared<Batch>();
  record->operation = batch.operation;
  if (append(record, kNoRequest, moment, effects))
    return wait({.seq = state_.position, .answer = std::move(answer)}, effects);
  answer.verdict = Verdict::refused;
  effects.answers.push_back(std::move(answer));
}

void Primary::wait_for(std::string_view key, KeyHash hash, Answer answer, Effects& effects) {
  const Uncommitted* seen = state_.uncommitted.last_of(key, hash);
  if (seen == nullptr) return effects.answers.push_back(std::move(answer));
  wait({.seq = seen->version.seq, .answer = std::move(answer)}, effects);
}

void Primary::wait(Waiting one, Effects& effects) {
  if (waiting_.size() < site_.options.waiting_max) return waiting_.push_back(std::move(one));
  one.answer.verdict = one.answer.is_write ? Verdict::unknown : Verdict::overloaded;
  effects.answers.push_back(std::move(one.answer));
}

// (W2). False: the engine failed.
bool Primary::append(const BatchPtr& batch, RequestId request, Moment moment, Effects& effects) {
  const WriteVersion version{term(), state_.position + 1};
  site_.gate.begin(*batch);  // before a reader can see the value
  if (!content_.apply(batch, version)) {
    site_.gate.end(*batch);
    return false;
  }
  if (site_.memory.is_set()) site_.memory.add(batch->bytes() + kEntryMemory * batch->writes.size());
  state_.position = version.seq;
  state_.uncommitted.push({.version = version, .batch = batch, .request = request});
  site_.log_keys(held_, version.seq, *batch);
  site_.note_operation(held_, version, *batch);
  site_.activate(held_);
  if (site_.options.is_durable) site_.mark_dirty(held_);
  replicate(batch, moment, effects);
  return true;
}

void Primary::replicate(const BatchPtr& batch, Moment moment, Effects& effects) {
  for (Stream& stream : streams_) {
    if (stream.late_since == TimePoint::max()) stream.late_since = moment.now;
    if (!stream.is_open) continue;
    stream.commit_told = state_.commit;
    send(stream, Replicate{.seq = state_.position, .commit = state_.commit, .batch = batch}, effects);
  }
}

// --- reads -----------------------------------------------------------------------------------------------------------

// (W5): the value first; lease and term are looked at when it is answered (Replicas::verdict_now()).
void Primary::read(std::string_view key, KeyHash hash, RequestId request, Moment moment, Effects& effects) {
  if (!may_serve(moment)) return effects.answers.push_back(answer_of(request, Verdict::refused));
  const Uncommitted* under_way = state_.uncommitted.last_of(key, hash);
  if (under_way == nullptr) return read_now(key, hash, request, moment, effects);
  wait({.seq = under_way->version.seq,
        .answer = answer_of(request, Verdict::done),
        .key = std::string(key),
        .hash = hash,
        .is_read = true},
       effects);
}

// Whoever asks has seen nothing newer than what is under way now (W5).
void Primary::settle(RequestId request, Moment moment, Effects& effects) {
  if (!may_serve(moment)) return effects.answers.push_back(answer_of(request, Verdict::refused));
  Answer settled = answer_of(request, Verdict::done);
  if (state_.uncommitted.empty()) return effects.answers.push_back(std::move(settled));
  wait({.seq = state_.uncommitted.entries().back().version.seq, .answer = std::move(settled)}, effects);
}

void Primary::read_now(std::string_view key, KeyHash hash, RequestId request, Moment moment, Effects& effects) {
  std::optional<StoredEntry> entry = content_.find(key);
  if (site_.failure) return effects.answers.push_back(answer_of(request, Verdict::refused));
  if (entry && has_expired(entry->expires_at, moment.wall)) return read_expired(key, hash, request, moment, effects);
  Answer answer = answer_of(request, entry ? Verdict::done : Verdict::missing);
  if (entry) {
    answer.version = version_of(entry->version);
    answer.batch = batch_of(KeyWrite::put_until(std::string(key), std::move(entry->value), entry->expires_at));
    answer.write = &answer.batch->writes.front();
  }
  effects.answers.push_back(std::move(answer));
}

// Answered as missing when the erase is committed.
void Primary::read_expired(std::string_view key, KeyHash hash, RequestId request, Moment moment, Effects& effects) {
  BatchPtr erase = batch_of(KeyWrite::erase(std::string(key)));
  if (!has_room_for(*erase)) return effects.answers.push_back(answer_of(request, Verdict::overloaded));
  if (!append_expired(std::move(erase), moment, effects))
    return effects.answers.push_back(answer_of(request, Verdict::refused));
  wait_for(key, hash, answer_of(request, Verdict::missing), effects);
  try_commit(moment, effects);
}

}  // namespace p2p::diststore::replication
