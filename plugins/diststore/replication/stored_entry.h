// What does a node store for a key: a value or a tombstone? And how do two nodes check that they hold the same?
#pragma once

#include "replication/expiry.h"
#include "replication/version.h"
#include "replication/view_version.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::diststore {

struct StoredEntry {
  std::string value;  // empty when erased
  Version version;
  bool is_erased = false;
  ViewVersion confirmed_in = kNeverConfirmed;  // when this node last knew it to be the newest
  WallMs expires_at = kNoExpiry;               // in an agreed cluster
};

// What a scan returns for one key.
struct StoredKey {
  std::string key;
  Version version;
  std::size_t bytes = 0;  // of key and value
  bool is_erased = false;
  std::string value;  // only from a scan that returns values
  ViewVersion confirmed_in = kNeverConfirmed;
};

// A hash of everything that must arrive as it was sent. Digests of many items are summed modulo 2^64: order does not
// matter, and an item that arrives twice does not cancel itself out. [any thread]
std::uint64_t digest_of(std::string_view key, std::string_view value, Version version, bool is_erased);

}  // namespace p2p::diststore
