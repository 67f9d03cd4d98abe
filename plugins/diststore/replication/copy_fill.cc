// How does a learner get what it lacks (I7, I8)?
#include "replication/copy.h"

#include <utility>

namespace p2p::diststore::replication {

void Copy::ask_for_fill() {
  send(AskForFill{.has_base = state_.born != 0 && !state_.is_filling,
                  .born = state_.born,
                  .base = state_.base,
                  .keys = state_.suspects});
}

void Copy::on(BeginBackfill&) {
  content_.drop();
  state_.suspects.clear();
  state_.is_filling = true;
  state_.is_complete = false;
  site_.mark_dirty(held_);
}

void Copy::on(Items& items) {
  const bool is_fetched = items.number == 0;
  if (!is_fetched && items.number != held_.source.filled + 1) return refuse_stream();  // some were lost
  for (Item& item : items.items) {
    if (is_fetched && !state_.is_suspect(item.key)) continue;  // resolved meanwhile
    if (wants(item, is_fetched)) {
      if (item.is_absent)
        content_.erase(item.key, item.version);
      else
        content_.put(item.key, item.value, item.version, item.expires_at);
    }
    state_.clear_suspect(item.key);
    if (item.is_uncommitted) note_uncommitted(item);
  }
  if (!is_fetched) held_.source.filled = items.number;
  owe_ack();
}

// The newer one stays; of a suspect, the primary's state wins whatever its version (I8).
bool Copy::wants(const Item& item, bool is_fetched) {
  return is_fetched || state_.is_suspect(item.key) || content_.version_at(item.key) < item.version;
}

// As if it had been replicated, also when this copy holds that version already (I8).
void Copy::note_uncommitted(const Item& item) {
  if (item.version.seq <= state_.commit) return;
  auto batch = batch_of(KeyWrite::put(item.key, {}));
  batch->has_values = false;
  state_.uncommitted.insert({.version = item.version, .batch = std::move(batch)});
}

void Copy::on(Complete&) {
  content_.remove_tombstones();
  state_.is_complete = true;
  state_.is_filling = false;
  state_.born = held_.assignment.born;
  owe_ack();
}

}  // namespace p2p::diststore::replication
