#include "replication/copy.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace p2p::diststore::replication {

// (W3), and B1: whoever has no role takes nothing.
bool Copy::follows(Node from, const Message& message) const {
  const Assignment& is = held_.assignment;
  const bool is_copy = is.role == Role::in_sync || is.role == Role::learner;
  if (!is_copy || is.primary != from || is.term != message.head.term) return false;
  const auto* sync = std::get_if<Sync>(&message.body);
  return sync == nullptr || sync->since == is.since;
}

void Copy::on_message(Node from, Message& message) {
  if (site_.failure) return;
  take(from, message);
  const Partition partition = held_.assignment.partition;
  if (!may_be_read())
    site_.copies.close(partition);
  else if (!site_.copies.is_open(partition))
    site_.copies.open(partition, state_.position, state_.commit);
}

// (Decision 40) Its content is that of the stream which it follows, as far as it has come: a suspect's state may be no
// part of the history.
bool Copy::may_be_read() const {
  return held_.assignment.role == Role::in_sync && held_.source.stream != 0 && state_.is_complete &&
         !state_.has_suspects() && !site_.failure;
}

void Copy::take(Node from, Message& message) {
  if (!follows(from, message)) return refuse(from, message.head);
  if (const auto* sync = std::get_if<Sync>(&message.body)) return on_sync(from, message.head, *sync);
  if (held_.source.stream != message.head.stream || held_.source.primary != from) return;  // of a stream that is over
  std::visit(
      [this](auto& body) {
        if constexpr (requires { this->on(body); }) on(body);
      },
      message.body);
}

void Copy::refuse(Node from, const Head& head) {
  if (site_.map.epoch > head.epoch) effects_.maps_told.push_back(from);
  if (held_.source.stream == head.stream && held_.source.primary == from) held_.source = {};
  effects_.sends.push_back(
      {from,
       {.head = {.partition = head.partition, .epoch = site_.map.epoch, .term = head.term, .stream = head.stream},
        .body = Refuse{}}});
}

void Copy::refuse_stream() {
  const Source source = held_.source;
  refuse(source.primary, {.partition = held_.assignment.partition,
                          .epoch = site_.map.epoch,
                          .term = held_.assignment.term,
                          .stream = source.stream});
}

void Copy::send(Body body) {
  effects_.sends.push_back({held_.source.primary,
                            {.head = {.partition = held_.assignment.partition,
                                      .epoch = site_.map.epoch,
                                      .term = held_.assignment.term,
                                      .stream = held_.source.stream},
                             .body = std::move(body)}});
}

void Copy::owe_ack() {
  held_.source.owes_ack = true;
  site_.mark_dirty(held_);
}

void Copy::on(Replicate& message) {
  if (message.seq != state_.position + 1) return refuse_stream();  // a gap (W3)
  const WriteVersion version{held_.assignment.term, message.seq};
  site_.copies.announce(held_.assignment.partition, message.seq);
  if (!content_.apply(message.batch, version)) return;
  for (const KeyWrite& write : message.batch->writes) state_.clear_suspect(write.key);
  state_.position = message.seq;
  site_.log_keys(held_, message.seq, *message.batch);
  site_.note_operation(held_, version, *message.batch);
  state_.uncommitted.push({.version = version, .batch = std::move(message.batch)});
  take_commit(message.commit);
  owe_ack();
}

void Copy::take_commit(Seq commit) {
  state_.commit = std::max(state_.commit, std::min(commit, state_.position));
  while (!state_.uncommitted.empty() && state_.uncommitted.front().version.seq <= state_.commit)
    state_.uncommitted.pop_front();
  site_.copies.commit(held_.assignment.partition, state_.commit);
}

}  // namespace p2p::diststore::replication
