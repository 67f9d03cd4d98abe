// What do a primary and its copies say to each other? Plain values, no bytes. From a primary to one copy they travel in
// order, over a connection that the primary's node has made; what a copy answers comes back over the same connection.
// When it breaks, both ends learn of it, and nothing that was said on it arrives any more.
#pragma once

#include "replication/assignment.h"
#include "replication/batch.h"
#include "replication/memory_limit.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace p2p::diststore::replication {

// A primary's messages about one partition to one copy, from a sync on (I5): one number for each stream of its process.
using StreamId = std::uint64_t;

struct Head {
  Partition partition = 0;
  Epoch epoch = 0;  // of the sender's newest map
  Epoch term = 0;   // in which the primary speaks
  StreamId stream = 0;
};

// --- from the primary ------------------------------------------------------------------------------------------------

// A write that is under way, without its values.
struct SyncEntry {
  WriteVersion version;
  std::vector<std::string> keys = {};
};

// Opens every stream: this is what is under way, and where the primary stands (I5).
struct Sync {
  Seq position = 0;
  Seq commit = 0;
  Epoch born = 0;
  Epoch since = 0;  // of the learner's assignment that the primary means; 0: in sync
  // Of the operations in its history (KnownOperations).
  std::uint64_t operations_forgotten = 0;
  std::uint64_t operations_highest = 0;
  std::vector<SyncEntry> entries = {};
};

struct Replicate {
  Seq seq = 0;  // the version is (term, seq)
  Seq commit = 0;
  BatchPtr batch;
};

struct CommitIndex {
  Seq commit = 0;
};

// The state of a key at the primary.
struct Item {
  std::string key;
  std::string value = {};
  bool is_absent = false;
  WriteVersion version = {};
  WallMs expires_at = kNoExpiry;
  bool is_uncommitted = false;  // the write of this version was under way when the item was sent (I8)
};

// Of a backfill or a recovery; or what the copy asked for by a Fetch.
struct Items {
  std::uint64_t number = 0;  // from 1 on, as the fill counts them; 0: an answer to a Fetch
  std::vector<Item> items = {};
};

struct BeginBackfill {};  // the copy starts empty (I7)
struct Complete {};       // it has been sent everything (I7)

// --- from a copy -----------------------------------------------------------------------------------------------------

struct Ack {
  Seq position = 0;
  bool is_complete = false;            // nothing is missing, nothing suspect; else it is a sign of life alone
  std::uint64_t filled = 0;            // the last Items of a fill that it has taken
  std::optional<MemoryUse> full = {};  // its node has reached memory_max, whatever the partition
};

// A learner wants to be filled, and says what it has (I7).
struct AskForFill {
  bool has_base = false;  // its content may be built upon
  Epoch born = 0;
  Seq base = 0;  // the commit index up to which it has everything
  std::vector<std::string> keys = {};
};

struct Fetch {
  std::vector<std::string> keys = {};  // suspects (I5)
};

// The copy takes nothing of this stream: the sender's map is old, or something is missing (W3).
struct Refuse {};

using Body = std::variant<Replicate, Ack, CommitIndex, Sync, Items, BeginBackfill, Complete, AskForFill, Fetch, Refuse>;

struct Message {
  Head head;
  Body body;
};

// Whether it goes to a primary, over the connection that this one has made.
inline bool is_from_copy(const Message& message) {
  return std::holds_alternative<Ack>(message.body) || std::holds_alternative<AskForFill>(message.body) ||
         std::holds_alternative<Fetch>(message.body) || std::holds_alternative<Refuse>(message.body);
}

}  // namespace p2p::diststore::replication
