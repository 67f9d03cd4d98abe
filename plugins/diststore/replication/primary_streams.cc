// How does a primary speak to its copies, and what does it say of them (I1, I3, I5)?
#include "replication/primary.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

Primary::Stream* Primary::stream_of(Node node, StreamId id) {
  const auto found =
      std::ranges::find_if(streams_, [&](const Stream& one) { return one.copy.node == node && one.id == id; });
  return found == streams_.end() || !found->is_open ? nullptr : &*found;
}

void Primary::send(Stream& stream, Body body, Effects& effects) {
  effects.sends.push_back(
      {stream.copy.node,
       {.head = {.partition = number(), .epoch = site_.map.epoch, .term = term(), .stream = stream.id},
        .body = std::move(body)}});
}

void Primary::close(Stream& stream) {
  stream.is_open = false;
  stream.fill.reset();
}

void Primary::open_streams(Moment moment, Effects& effects) {
  for (Stream& stream : streams_)
    if (!stream.is_open && site_.link(stream.copy.node).is_connected && moment.now >= stream.reopen_at)
      open(stream, moment, effects);
}

// Every new stream starts with a sync, also in the same term (I5).
void Primary::open(Stream& stream, Moment moment, Effects& effects) {
  stream.id = ++site_.streams;
  stream.is_open = true;
  stream.has_acked = stream.is_complete = false;
  stream.acked = 0;
  stream.fill.reset();
  stream.commit_told = state_.commit;
  if (stream.late_since == TimePoint::max()) stream.late_since = moment.now;
  Sync sync{.position = state_.position,
            .commit = state_.commit,
            .born = held_.assignment.born,
            .since = stream.copy.since,
            .operations_forgotten = state_.operations.forgotten,
            .operations_highest = state_.operations.highest};
  for (const Uncommitted& entry : state_.uncommitted.entries()) {
    SyncEntry& told = sync.entries.emplace_back(SyncEntry{.version = entry.version});
    for (const KeyWrite& write : entry.batch->writes) told.keys.push_back(write.key);
  }
  send(stream, std::move(sync), effects);
  site_.activate(held_);
}

void Primary::on_message(Node from, Message& message, Moment moment, Effects& effects) {
  Stream* const stream = stream_of(from, message.head.stream);
  if (stream == nullptr || message.head.term != term() || site_.failure) return;
  if (const auto* ack = std::get_if<Ack>(&message.body)) return on_ack(*stream, *ack, moment, effects);
  if (auto* ask = std::get_if<AskForFill>(&message.body)) return begin_fill(*stream, *ask, effects);
  if (const auto* fetch = std::get_if<Fetch>(&message.body)) return send_fetched(*stream, *fetch, effects);
  if (std::holds_alternative<Refuse>(message.body)) {
    close(*stream);
    stream->reopen_at = moment.now + kReopenPause;
    site_.activate(held_);
  }
}

void Primary::on_ack(Stream& stream, const Ack& ack, Moment moment, Effects& effects) {
  site_.link(stream.copy.node).full = ack.full;
  const bool has_filled = stream.fill != nullptr && ack.filled > stream.fill->taken;
  const bool has_moved = ack.is_complete && (!stream.has_acked || ack.position > stream.acked);
  if (has_moved) {
    stream.has_acked = stream.is_complete = true;
    stream.acked = ack.position;
  }
  if (has_moved || has_filled) stream.late_since = moment.now;
  if (stream.has_acked && stream.acked == state_.position) stream.late_since = TimePoint::max();
  if (has_filled) {
    stream.fill->taken = ack.filled;
    continue_fill(stream, effects);
  }
  // What is committed it has, and what will be is not without it: it can be asked for now (I3).
  if (stream.copy.is_learner() && stream.has_acked && stream.acked >= state_.commit && !stream.is_asked) {
    stream.is_asked = true;
    site_.activate(held_);
  }
  try_commit(moment, effects);
}

// In messages of about kFillBytesMax: together they may be more than a frame holds.
void Primary::send_fetched(Stream& stream, const Fetch& fetch, Effects& effects) {
  Items items;
  std::size_t bytes = 0;
  for (const std::string& key : fetch.keys) {
    const Item& item = items.items.emplace_back(item_of(key));
    bytes += item.key.size() + item.value.size();
    if (bytes < kFillBytesMax && items.items.size() < kFillKeysMax) continue;
    send(stream, std::exchange(items, {}), effects);
    bytes = 0;
  }
  if (!items.items.empty()) send(stream, std::move(items), effects);
}

Item Primary::item_of(std::string_view key) {
  std::optional<StoredEntry> entry = content_.find(key);
  const Uncommitted* last = state_.uncommitted.last_of(key, hash_of(key));
  Item item{.key = std::string(key), .is_absent = !entry || entry->is_erased};
  item.version = last != nullptr ? last->version
                 : entry         ? version_of(entry->version)
                                 : WriteVersion{term(), state_.position};
  item.is_uncommitted = last != nullptr;
  if (item.is_absent) return item;
  item.value = std::move(entry->value);
  item.expires_at = entry->expires_at;
  return item;
}

void Primary::on_connected(Node node, Moment moment, Effects& effects) {
  for (Stream& stream : streams_) {
    if (stream.copy.node != node) continue;
    close(stream);
    open(stream, moment, effects);
  }
}

void Primary::on_disconnected(Node node) {
  for (Stream& stream : streams_) {
    if (stream.copy.node != node) continue;
    close(stream);
    site_.activate(held_);
  }
}

void Primary::on_synced(Epoch of_term, Seq position, Moment moment, Effects& effects) {
  if (of_term != term()) return;
  has_synced_ = true;
  synced_ = position;
  try_commit(moment, effects);
}

// --- what is due -----------------------------------------------------------------------------------------------------

void Primary::tick(Moment moment, Effects& effects) {
  if (is_stopping_ && moment.now >= stopping_until_) resume();
  open_streams(moment, effects);
  resume_fills(effects);
  if (moment.now < commits_told_at_ + kCommitEvery) return;
  for (Stream& stream : streams_) {
    if (!stream.is_open || stream.commit_told >= state_.commit) continue;
    stream.commit_told = state_.commit;
    send(stream, CommitIndex{.commit = state_.commit}, effects);
    commits_told_at_ = moment.now;
  }
}

bool Primary::needs_tick() const {
  return is_stopping_ || !state_.uncommitted.empty() || std::ranges::any_of(streams_, [&](const Stream& stream) {
           return !stream.is_open || stream.is_asked || stream.copy.is_learner() ||
                  stream.late_since != TimePoint::max() || stream.commit_told < state_.commit;
         });
}

void Primary::forgive(Duration late) {
  for (Stream& stream : streams_) {
    if (stream.late_since != TimePoint::max()) stream.late_since += late;
    stream.wanted_since += late;
  }
  stopping_until_ += late;
}

void Primary::excuse(Node node, Duration taken) {
  for (Stream& stream : streams_)
    if (stream.copy.node == node && stream.late_since != TimePoint::max()) stream.late_since += taken;
}

// (I1)
bool Primary::is_late(const Stream& stream, TimePoint now) const {
  const Link& link = site_.link(stream.copy.node);
  if (!stream.is_required()) {
    const Duration patience = kLearnerPatience * site_.options.replica_timeout + link.allowance;
    return stream.late_since != TimePoint::max() && now >= stream.late_since + patience;
  }
  if (link.is_overfull) return true;
  if (!link.is_connected && now >= std::max(link.since, stream.wanted_since) + site_.options.redial_max) return true;
  const Duration patience = site_.options.replica_timeout + link.allowance;
  return stream.late_since != TimePoint::max() && now >= stream.late_since + patience;
}

void Primary::add_failed(TimePoint now, std::vector<CopyReport>& reports) const {
  for (const Stream& stream : streams_)
    if (is_late(stream, now))
      reports.push_back({.partition = number(), .copy = stream.copy.node, .term = term(), .since = stream.copy.since});
}

void Primary::add_filled(std::vector<CopyReport>& reports) const {
  for (const Stream& stream : streams_)
    if (stream.is_asked)
      reports.push_back({.partition = number(), .copy = stream.copy.node, .term = term(), .since = stream.copy.since});
}

}  // namespace p2p::diststore::replication
