// When is a write committed, and who is told (W4, W6)?
#include "replication/primary.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace p2p::diststore::replication {

// Up to where all of required(p) have acknowledged and, with a durable engine, this node itself has synced (W4).
Seq Primary::acknowledged() const {
  if (site_.options.is_durable && !has_synced_) return 0;
  Seq least = site_.options.is_durable ? synced_ : state_.position;
  for (const Stream& stream : streams_) {
    if (!stream.is_required()) continue;
    if (!stream.has_acked) return 0;
    least = std::min(least, stream.acked);
  }
  return least;
}

void Primary::try_commit(Moment moment, Effects& effects) {
  const Seq commit = acknowledged();
  if (commit <= state_.commit) return;
  state_.commit = commit;
  while (!state_.uncommitted.empty() && state_.uncommitted.front().version.seq <= commit) {
    finish(state_.uncommitted.front(), moment, effects);
    state_.uncommitted.pop_front();
  }
  site_.activate(held_);
  for (const Waiting& one : std::exchange(read_again_, {}))
    read(one.key, one.hash, one.answer.request, moment, effects);
}

// Under a lease, which is looked at when the answer leaves (W6): Replicas::verdict_now().
void Primary::finish(const Uncommitted& entry, Moment moment, Effects& effects) {
  site_.gate.end(*entry.batch);
  if (entry.request != kNoRequest) {
    Answer answer = answer_of(entry.request, Verdict::done);
    answer.is_write = true;
    answer.committed_at = moment.now;
    answer.version = entry.version;
    answer.batch = entry.batch;
    effects.answers.push_back(std::move(answer));
  }
  if (!waiting_.empty()) finish_waiting(entry, moment, effects);
}

// A read is answered with the value of the write that it waited for: that is the key's state at this very moment, also
// when later writes are under way by now. One that has expired already is not answered.
void Primary::finish_waiting(const Uncommitted& entry, Moment moment, Effects& effects) {
  const auto is_met = [&](const Waiting& one) { return one.seq <= entry.version.seq; };
  const auto first_met = std::stable_partition(waiting_.begin(), waiting_.end(), std::not_fn(is_met));
  std::vector<Waiting> met(std::make_move_iterator(first_met), std::make_move_iterator(waiting_.end()));
  waiting_.erase(first_met, waiting_.end());
  for (Waiting& one : met) {
    if (!one.is_read || !may_serve(moment)) {
      if (!may_serve(moment) && !one.answer.is_write) one.answer.verdict = Verdict::refused;
      effects.answers.push_back(std::move(one.answer));
      continue;
    }
    const KeyWrite* write = entry.batch->has_values ? entry.batch->find(one.key, one.hash) : nullptr;
    if (write == nullptr || has_expired(write->expires_at, moment.wall)) {
      // The state is in the engine, unless a later write is under way.
      read_again_.push_back(std::move(one));
      continue;
    }
    if (write->is_erase) {
      one.answer.verdict = Verdict::missing;
    } else {
      one.answer.version = entry.version;
      one.answer.batch = entry.batch;
      one.answer.write = write;
    }
    effects.answers.push_back(std::move(one.answer));
  }
}

void Primary::refuse_waiting(Effects& effects) {
  for (Waiting& one : std::exchange(waiting_, {})) {
    one.answer.verdict = one.answer.is_write ? Verdict::unknown : Verdict::refused;
    effects.answers.push_back(std::move(one.answer));
  }
}

}  // namespace p2p::diststore::replication
