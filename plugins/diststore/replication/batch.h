// What does one write change? One or more keys of a partition, taken or refused as a whole (W1). A batch is made once,
// by whoever decodes the request or the message, and shared from then on: by the writes under way, and by the messages
// to all copies.
#pragma once

#include "engine/partition.h"
#include "engine/space_key.h"
#include "replication/expiry.h"
#include "replication/operations.h"
#include "replication/write_version.h"

#include <xxhash.h>
#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace p2p::diststore::replication {

// Its upper bits are the key's partition (engine/partition_of.h).
using KeyHash = std::uint64_t;
inline KeyHash hash_of(std::string_view key) {
  const KeyHash whole = XXH3_64bits(key.data(), key.size());
  if (!is_reserved(key)) return whole;
  // The lower bits of all of it: two spaces at one route key have nothing to wait for in each other.
  const std::string_view placed = placed_by(key);
  constexpr KeyHash kOwnBits = ~KeyHash{0} >> kPartitionBits;
  return (XXH3_64bits(placed.data(), placed.size()) & ~kOwnBits) | (whole & kOwnBits);
}

struct Condition {
  enum class Kind : std::uint8_t { none, if_absent, if_version };
  Kind kind = Kind::none;
  WriteVersion version = {};  // of if_version

  WriteVersion wanted() const noexcept { return kind == Kind::if_absent ? kNoVersion : version; }
};

struct KeyWrite {
  std::string key;
  std::string value = {};
  bool is_erase = false;
  Condition condition = {};
  std::int64_t ttl_ms = 0;  // 0: for ever; the primary that takes the write sets by it:
  WallMs expires_at = kNoExpiry;
  KeyHash hash = 0;      // of the key
  bool existed = false;  // of an erase: set by the primary that took it

  static KeyWrite put(std::string key, std::string value, Condition condition = {}) {
    const KeyHash hash = hash_of(key);
    return {.key = std::move(key), .value = std::move(value), .condition = condition, .hash = hash};
  }
  // A value as it is stored somewhere.
  static KeyWrite put_until(std::string key, std::string value, WallMs expires_at) {
    KeyWrite write = put(std::move(key), std::move(value));
    write.expires_at = expires_at;
    return write;
  }
  static KeyWrite erase(std::string key, Condition condition = {}) {
    const KeyHash hash = hash_of(key);
    return {.key = std::move(key), .is_erase = true, .condition = condition, .hash = hash};
  }
};

struct Batch {
  boost::container::small_vector<KeyWrite, 1> writes;  // most have one
  bool has_values = true;                              // false: the keys alone, of an entry that came by a sync (I5)
  // As the client that asked for it named it. Without writes: it has ended without any, and never will have some.
  OperationId operation = {};
  bool is_again = false;  // of a request: another attempt may be on its way still

  std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (const KeyWrite& write : writes) sum += write.key.size() + write.value.size();
    return sum;
  }
  std::size_t key_bytes() const noexcept {
    std::size_t sum = 0;
    for (const KeyWrite& write : writes) sum += write.key.size();
    return sum;
  }
  // The last change to the key; null: none.
  const KeyWrite* find(std::string_view key, KeyHash hash) const noexcept {
    for (auto write = writes.rbegin(); write != writes.rend(); ++write)
      if (write->hash == hash && write->key == key) return &*write;
    return nullptr;
  }
};

using BatchPtr = std::shared_ptr<const Batch>;

inline std::shared_ptr<Batch> batch_of(KeyWrite write) {
  auto batch = std::make_shared<Batch>();
  batch->writes.push_back(std::move(write));
  return batch;
}

}  // namespace p2p::diststore::replication
