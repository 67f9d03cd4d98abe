#include "replication/uncommitted_list.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

namespace {

constexpr std::size_t kGoneMin = 32;  // are not moved over for less

}  // namespace

void UncommittedList::pop_front() {
  key_bytes_ -= entries_[first_].batch->key_bytes();
  entries_[first_].batch.reset();
  ++first_;
  if (first_ == entries_.size()) return clear();
  if (first_ < kGoneMin || first_ < size()) return;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

void UncommittedList::clear() noexcept {
  entries_.clear();
  first_ = 0;
  key_bytes_ = 0;
}

// An item carries one key, so the entry of a batch comes in pieces.
void UncommittedList::insert(Uncommitted entry) {
  const auto live = entries();
  const auto at =
      std::ranges::lower_bound(live, entry.version.seq, {}, [](const auto& one) { return one.version.seq; });
  const KeyWrite& write = entry.batch->writes.front();
  if (at != live.end() && at->version == entry.version) {
    if (at->batch->find(write.key, write.hash) != nullptr) return;
    auto joined = std::make_shared<Batch>(*at->batch);
    joined->writes.push_back(write);
    joined->has_values = false;
    key_bytes_ += write.key.size();
    at->batch = std::move(joined);
    return;
  }
  key_bytes_ += entry.batch->key_bytes();
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(first_) + (at - live.begin()), std::move(entry));
}

const Uncommitted* UncommittedList::last_of(std::string_view key, KeyHash hash) const noexcept {
  const auto live = entries();
  for (auto entry = live.rbegin(); entry != live.rend(); ++entry)
    if (entry->batch->find(key, hash) != nullptr) return &*entry;
  return nullptr;
}

bool UncommittedList::has(std::string_view key, KeyHash hash, WriteVersion version) const noexcept {
  return std::ranges::any_of(entries(), [&](const Uncommitted& one) {
    return one.version == version && one.batch->find(key, hash) != nullptr;
  });
}

}  // namespace p2p::diststore::replication
