// How does a primary bring a learner up to date (I7, I8)? Beside new writes, which go their own way.
#include "replication/primary.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

void Primary::begin_fill(Stream& stream, AskForFill& ask, Effects& effects) {
  if (stream.fill != nullptr) return;
  stream.fill = std::make_unique<Fill>();
  const bool is_of_this_history = ask.has_base && ask.born == held_.assignment.born;
  if (!is_of_this_history || held_.log.floor() > ask.base) return begin_backfill(stream, effects);
  stream.fill->kind = Fill::Kind::recovery;
  stream.fill->keys.assign(std::make_move_iterator(ask.keys.begin()), std::make_move_iterator(ask.keys.end()));
  stream.fill->log = {.after = ask.base, .until = state_.position};
  continue_fill(stream, effects);
}

// Of what is under way, erases are not in the engine: the present state of all of it is sent first (I8).
void Primary::begin_backfill(Stream& stream, Effects& effects) {
  Fill& fill = *stream.fill;
  fill.kind = Fill::Kind::backfill;
  fill.keys.clear();
  for (const Uncommitted& entry : state_.uncommitted.entries())
    for (const KeyWrite& write : entry.batch->writes) fill.keys.push_back(write.key);
  send(stream, BeginBackfill{}, effects);
  continue_fill(stream, effects);
}

void Primary::continue_fill(Stream& stream, Effects& effects) {
  const Fill& fill = *stream.fill;
  bool goes_on = true;
  while (goes_on && may_fill(stream) && !fill.is_done && fill.sent - fill.taken < kFillMessagesInFlightMax) {
    if (!fill.keys.empty())
      goes_on = fill_from_keys(stream, effects);
    else if (fill.kind == Fill::Kind::recovery)
      goes_on = fill_from_log(stream, effects);
    else
      goes_on = fill_from_scan(stream, effects);
  }
}

// A learner whose node has no room even for what is under way waits, and is given up if that lasts (I1).
bool Primary::may_fill(const Stream& stream) const { return !site_.link(stream.copy.node).is_over(); }

void Primary::resume_fills(Effects& effects) {
  for (Stream& stream : streams_)
    if (stream.is_open && stream.fill != nullptr && may_fill(stream)) continue_fill(stream, effects);
}

bool Primary::fill_from_keys(Stream& stream, Effects& effects) {
  Fill& fill = *stream.fill;
  Items items{.number = ++fill.sent};
  std::size_t bytes = 0;
  while (!fill.keys.empty() && items.items.size() < kFillKeysMax && bytes < kFillBytesMax) {
    Item& item = items.items.emplace_back(item_of(fill.keys.front()));
    bytes += item.key.size() + item.value.size();
    fill.keys.pop_front();
  }
  send(stream, std::move(items), effects);
  return true;
}

// False: what is left of the log does not reach back any more; it goes on as a backfill.
bool Primary::fill_from_log(Stream& stream, Effects& effects) {
  Fill& fill = *stream.fill;
  const auto take = [&](std::string_view key) { fill.keys.emplace_back(key); };
  if (!held_.log.read(fill.log, kFillKeysMax, take)) {
    begin_backfill(stream, effects);
    return false;
  }
  if (!fill.keys.empty() || !fill.log.at_end) return true;
  fill.is_done = true;
  send(stream, Complete{}, effects);
  return false;
}

bool Primary::fill_from_scan(Stream& stream, Effects& effects) {
  Fill& fill = *stream.fill;
  if (fill.is_scanning) return false;
  if (fill.scan.at_end) {
    fill.is_done = true;
    send(stream, Complete{}, effects);
    return false;
  }
  fill.is_scanning = true;
  effects.scans.push_back({.partition = number(), .stream = stream.id, .from = fill.scan});
  return false;
}

// By now newer writes may be under way; they have gone their own way to the learner, before these (I8).
void Primary::on_scanned(Scanned& scanned, Effects& effects) {
  const auto found = std::ranges::find(streams_, scanned.stream, &Stream::id);
  if (found == streams_.end() || !found->is_open || found->fill == nullptr || !found->fill->is_scanning) return;
  Fill& fill = *found->fill;
  fill.is_scanning = false;
  fill.scan = std::move(scanned.at);
  if (!scanned.items.empty()) {
    for (Item& item : scanned.items)
      item.is_uncommitted = state_.uncommitted.has(item.key, hash_of(item.key), item.version);
    send(*found, Items{.number = ++fill.sent, .items = std::move(scanned.items)}, effects);
  }
  continue_fill(*found, effects);
}

}  // namespace p2p::diststore::replication
