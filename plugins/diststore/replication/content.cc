#include "replication/content.h"

#include <boost/container/small_vector.hpp>

#include <memory>
#include <utility>

namespace p2p::diststore::replication {

bool Content::note(const Result<Done>& applied) {
  if (!applied.ok() && !site_.failure) site_.failure = applied.error();
  return applied.ok();
}

bool Content::note(const Result<Outcome>& applied) {
  if (!applied.ok() && !site_.failure) site_.failure = applied.error();
  return applied.ok();
}

Change Content::change_of(const KeyWrite& write, WriteVersion version) {
  site_.note_expiry(held_, write.expires_at);
  if (!write.is_erase) return Change::set(write.key, write.value, stored(version), write.expires_at);
  if (held_.state.is_complete) return Change::discard(write.key);
  held_.state.tombstones.push_back(write.key);
  return Change::set_erased(write.key, stored(version));
}

bool Content::apply(const BatchPtr& batch, WriteVersion version) {
  if (batch->writes.empty()) return true;
  if (batch->writes.size() == 1) {
    Change change = change_of(batch->writes.front(), version);
    if (change.value.size() < kSharedValueBytes) return note(site_.engine.apply_one(change));
    // The engine keeps the value where the messages have it.
    const std::shared_ptr<const std::string> value(batch, &batch->writes.front().value);
    change.shared = &value;
    return note(site_.engine.apply_one(change));
  }
  boost::container::small_vector<Change, 16> changes;
  for (const KeyWrite& write : batch->writes) changes.push_back(change_of(write, version));
  return note(site_.engine.apply({changes.data(), changes.size()}));
}

void Content::put(std::string_view key, std::string_view value, WriteVersion version, WallMs expires_at) {
  site_.note_expiry(held_, expires_at);
  note(site_.engine.apply_one(Change::set(key, value, stored(version), expires_at)));
}

void Content::erase(std::string_view key, WriteVersion version) {
  if (held_.state.is_complete) {
    note(site_.engine.apply_one(Change::discard(key)));
  } else {
    held_.state.tombstones.emplace_back(key);
    note(site_.engine.apply_one(Change::set_erased(key, stored(version))));
  }
}

void Content::drop() {
  held_.state.tombstones.clear();
  site_.expiries[held_.assignment.partition].clear();
  note(site_.engine.drop(held_.assignment.partition));
}

void Content::remove_tombstones() {
  for (const std::string& key : std::exchange(held_.state.tombstones, {})) {
    const std::optional<StoredEntry> entry = find(key);
    if (entry && entry->is_erased) note(site_.engine.apply_one(Change::discard(key)));
  }
}

WriteVersion Content::version_at(std::string_view key) {
  const auto entry = find(key);
  return entry ? version_of(entry->version) : kNoVersion;
}

WallMs Content::expiry_at(std::string_view key) {
  WallMs found = kNoExpiry;
  note(site_.engine.get(key, {}, [&](std::string_view, Version, WallMs expires_at) { found = expires_at; }));
  return found;
}

std::optional<std::size_t> Content::value_bytes_at(std::string_view key) {
  std::optional<std::size_t> bytes;
  note(site_.engine.get(key, {}, [&](std::string_view value, Version, WallMs) { bytes = value.size(); }));
  return bytes;
}

std::optional<StoredEntry> Content::find(std::string_view key) {
  Result<std::optional<StoredEntry>> found = site_.engine.copy(key);
  if (found.ok()) return std::move(found).value();
  if (!site_.failure) site_.failure = found.error();
  return std::nullopt;
}

}  // namespace p2p::diststore::replication
