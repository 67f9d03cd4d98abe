// How do writes and states of keys get into the engine, and out of it? For one partition. Failures of the engine are
// noted at the site, where they end the service (L1); what is returned then counts for nothing.
#pragma once

#include "replication/site.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace p2p::diststore::replication {

// A value of this size or more is worth the engine's sharing it with the messages that carry it.
inline constexpr std::size_t kSharedValueBytes = 16 * 1024;

class Content final {
 public:
  Content(Site& site, HeldPartition& held) : site_(site), held_(held) {}

  // False: the engine failed, and nothing was done.
  bool apply(const BatchPtr& batch, WriteVersion version);
  void put(std::string_view key, std::string_view value, WriteVersion version, WallMs expires_at);
  // A learner remembers the erase (I8).
  void erase(std::string_view key, WriteVersion version);
  void drop();
  void remove_tombstones();

  // kNoVersion: there is none; a tombstone has one.
  WriteVersion version_at(std::string_view key);
  WallMs expiry_at(std::string_view key);  // kNoExpiry: of no value as well
  std::optional<std::size_t> value_bytes_at(std::string_view key);
  std::optional<StoredEntry> find(std::string_view key);  // a tombstone, too

 private:
  Change change_of(const KeyWrite& write, WriteVersion version);
  bool note(const Result<Done>& applied);
  bool note(const Result<Outcome>& applied);

  Site& site_;
  HeldPartition& held_;
};

}  // namespace p2p::diststore::replication
