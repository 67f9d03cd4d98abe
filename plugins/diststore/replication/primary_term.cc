// How does a primary begin and end (I5, I6, H1)?
#include "replication/primary.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

// What is in the engine counts; what is not known to be committed is under way again, and reads of it wait (I5).
void Primary::begin_term(Moment moment, Effects& effects) {
  state_.term = term();
  state_.since = 0;
  is_stopping_ = has_consented_ = false;
  has_synced_ = false;
  if (!std::exchange(has_begun_, true))
    for (const Uncommitted& entry : state_.uncommitted.entries()) site_.gate.begin(*entry.batch);
  streams_.clear();
  arrange_streams(moment);
  write_suspects(moment, effects);
  open_streams(moment, effects);
  site_.first_expiry = std::min(site_.first_expiry, site_.expiries[number()].first());
  site_.gate.serve(number(), term());
  site_.activate(held_);
  if (site_.options.is_durable) site_.mark_dirty(held_);
  try_commit(moment, effects);
}

// A stream for each other copy; those that are as they were stay. Whose `since` has changed is a stranger (I3).
void Primary::arrange_streams(Moment moment) {
  std::vector<Stream> next;
  for (const OtherCopy& copy : held_.assignment.others) {
    const auto same = std::ranges::find(streams_, copy, &Stream::copy);
    next.push_back(same != streams_.end() ? std::move(*same) : Stream{.copy = copy, .wanted_since = moment.now});
  }
  streams_ = std::move(next);
}

void Primary::update(Moment moment, Effects& effects) {
  arrange_streams(moment);
  open_streams(moment, effects);
  try_commit(moment, effects);
  site_.activate(held_);
}

// The present states of suspects are new writes of the own term (I6), of about kFillBytesMax each.
void Primary::write_suspects(Moment moment, Effects& effects) {
  if (!state_.has_suspects()) return;
  auto batch = std::make_shared<Batch>();
  for (std::string& key : std::exchange(state_.suspects, {})) {
    std::optional<StoredEntry> entry = content_.find(key);
    const bool is_there = entry && !entry->is_erased;
    batch->writes.push_back(is_there ? KeyWrite::put_until(std::move(key), std::move(entry->value), entry->expires_at)
                                     : KeyWrite::erase(std::move(key)));
    const bool is_full = batch->bytes() >= kFillBytesMax || batch->writes.size() >= kFillKeysMax;
    if (is_full) append(std::exchange(batch, std::make_shared<Batch>()), kNoRequest, moment, effects);
  }
  if (!batch->writes.empty()) append(batch, kNoRequest, moment, effects);
}

// The serving ends before the keys cease to be under way: a reader on another thread looks in the other order.
void Primary::end(Effects& effects) {
  site_.gate.serve(number(), 0);
  for (Uncommitted& entry : state_.uncommitted.entries()) {
    site_.gate.end(*entry.batch);
    const RequestId request = std::exchange(entry.request, kNoRequest);
    if (request != kNoRequest) effects.answers.push_back(answer_of(request, Verdict::unknown));
  }
  refuse_waiting(effects);
}

// --- hand-over (H1) --------------------------------------------------------------------------------------------------

void Primary::stop(Moment moment, Effects& effects) {
  if (!is_serving()) return;
  is_stopping_ = true;
  stopping_until_ = moment.now + kStoppingMax;
  site_.gate.serve(number(), 0);
  refuse_waiting(effects);
  site_.activate(held_);
}

bool Primary::try_consent() {
  if (is_stopping_ && state_.uncommitted.empty()) {
    has_consented_ = true;
    is_stopping_ = false;
  }
  return has_consented_;
}

// Nobody has taken it over: given up before the consent.
void Primary::resume() {
  is_stopping_ = false;
  site_.gate.serve(number(), term());
}

}  // namespace p2p::diststore::replication
