// The sync that opens each stream (I5), and suspects (I6).
#include "replication/copy.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

void Copy::on_sync(Node from, const Head& head, const Sync& sync) {
  site_.copies.close(held_.assignment.partition);
  held_.source = {.primary = from, .stream = head.stream};
  note_suspects(sync);
  const bool is_to_be_filled = needs_fill(head, sync);
  if (is_to_be_filled) name_uncommitted();
  take_operations(head, sync, is_to_be_filled);
  take_list(head, sync);
  restart_log(sync, is_to_be_filled);
  if (is_to_be_filled) {
    ask_for_fill();
  } else if (state_.has_suspects()) {
    fetch_suspects();
  }
  owe_ack();
}

// What the primary does not confirm, and what it has and this copy does not.
void Copy::note_suspects(const Sync& sync) {
  Newest here;
  Newest there;
  for (const Uncommitted& entry : state_.uncommitted.entries())
    for (const KeyWrite& write : entry.batch->writes) here.insert_or_assign(write.key, entry.version);
  for (const SyncEntry& entry : sync.entries)
    for (const std::string& key : entry.keys) there.insert_or_assign(key, entry.version);
  for (const auto& [key, version] : here) {
    const auto confirmed = there.find(key);
    if (confirmed == there.end() || confirmed->second != version) state_.suspect(key);
  }
  for (const auto& [key, version] : there) {
    const auto known = here.find(key);
    const bool is_known = known != here.end() && known->second == version;
    if (!is_known && content_.version_at(key) != version) state_.suspect(key);
  }
}

// True: this learner goes through I7, for the first time in its assignment, anew as it was cut, or because something
// was committed that it did not get.
bool Copy::needs_fill(const Head& head, const Sync& sync) {
  const Epoch since = held_.assignment.since;
  const bool is_learner = held_.assignment.role == Role::learner;
  const bool was_begun = std::exchange(state_.since, since) == since;
  if (!is_learner) {
    // In sync by the map, with a content that is no part of this history: it acknowledges nothing, and is taken out.
    if (state_.born != sync.born) state_.is_complete = false;
    return false;
  }
  // Seqs are used again over terms: of another term, only what is committed counts.
  const Seq known = state_.term == head.term ? state_.position : state_.commit;
  if (was_begun && state_.is_complete && known >= sync.commit) return false;
  if (std::exchange(state_.is_complete, false)) state_.base = state_.commit;  // else the old one stays (I7)
  return true;
}

void Copy::name_uncommitted() {
  for (const Uncommitted& entry : state_.uncommitted.entries())
    for (const KeyWrite& write : entry.batch->writes) state_.suspect(write.key);
}

// What both sides of a stream have applied is known to both by name, as long as they agree about what is under way. A
// copy that has something else, or has not got something, or will be filled, knows no names any more (decision 44).
void Copy::take_operations(const Head& head, const Sync& sync, bool is_to_be_filled) {
  KnownOperations& known = state_.operations;
  const bool has_names = !is_to_be_filled && agrees_with(head, sync);
  if (!has_names) {
    known.highest = std::max(known.highest, sync.operations_highest);
    known.forget_names();
  }
  known.forgotten = std::max(known.forgotten, sync.operations_forgotten);
  known.highest = std::max(known.highest, known.forgotten);
}

// Every write in either list is in the history of both.
bool Copy::agrees_with(const Head& head, const Sync& sync) const {
  const auto is_confirmed = [&](const Uncommitted& here) {
    if (here.version.term == head.term) return true;   // it came from this very primary
    if (here.version.seq <= sync.commit) return true;  // nothing was committed that this copy has not acknowledged
    return std::ranges::binary_search(sync.entries, here.version, {}, &SyncEntry::version);
  };
  const auto is_known = [&](const SyncEntry& there) {
    if (there.version.seq <= state_.commit) return true;
    return std::ranges::binary_search(state_.uncommitted.entries(), there.version, {}, &Uncommitted::version);
  };
  return std::ranges::all_of(state_.uncommitted.entries(), is_confirmed) && std::ranges::all_of(sync.entries, is_known);
}

// The list and the position first, and only then the commit index.
void Copy::take_list(const Head& head, const Sync& sync) {
  UncommittedList list;
  for (const SyncEntry& entry : sync.entries) {
    auto batch = std::make_shared<Batch>();
    batch->has_values = false;
    for (const std::string& key : entry.keys) batch->writes.push_back(KeyWrite::put(key, {}));
    list.push({.version = entry.version, .batch = std::move(batch)});
  }
  state_.uncommitted = std::move(list);
  state_.position = sync.position;
  state_.term = head.term;
  state_.commit = sync.commit;
}

// The log of a learner that is to be filled lacks what it will be sent; that of another copy gains what is under way.
void Copy::restart_log(const Sync& sync, bool is_to_be_filled) {
  if (is_to_be_filled) site_.logs.begin(held_.assignment.partition, held_.log, sync.commit);
  for (const Uncommitted& entry : state_.uncommitted.entries()) site_.log_keys(held_, entry.version.seq, *entry.batch);
}

void Copy::fetch_suspects() { send(Fetch{.keys = state_.suspects}); }

}  // namespace p2p::diststore::replication
