// Which writes of a partition are not known to be committed (W3, W4)? In order of seq, without gaps; each with the call
// that it answers, where this node took it as primary.
#pragma once

#include "replication/effects.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace p2p::diststore::replication {

struct Uncommitted {
  WriteVersion version;
  BatchPtr batch;
  RequestId request = kNoRequest;
};

class UncommittedList final {
 public:
  bool empty() const noexcept { return first_ == entries_.size(); }
  std::size_t size() const noexcept { return entries_.size() - first_; }
  std::span<const Uncommitted> entries() const noexcept { return {entries_.data() + first_, size()}; }
  std::span<Uncommitted> entries() noexcept { return {entries_.data() + first_, size()}; }
  const Uncommitted& front() const { return entries_[first_]; }

  std::size_t key_bytes() const noexcept { return key_bytes_; }

  void push(Uncommitted entry) {
    key_bytes_ += entry.batch->key_bytes();
    entries_.push_back(std::move(entry));
  }
  void pop_front();
  void clear() noexcept;
  // Where its seq belongs; nothing if the same version stands there already. For what a backfill brings (I8).
  void insert(Uncommitted entry);

  // The newest entry of the key; null: none.
  const Uncommitted* last_of(std::string_view key, KeyHash hash) const noexcept;
  bool has(std::string_view key, KeyHash hash, WriteVersion version) const noexcept;

 private:
  std::vector<Uncommitted> entries_;
  std::size_t first_ = 0;  // those before it are gone, and empty
  std::size_t key_bytes_ = 0;
};

}  // namespace p2p::diststore::replication
