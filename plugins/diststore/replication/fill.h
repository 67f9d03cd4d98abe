// How far has a learner been filled (I7)? One for each stream to a learner that is being filled.
#pragma once

#include "engine/engine.h"
#include "replication/key_log.h"

#include <cstdint>
#include <deque>
#include <string>

namespace p2p::diststore::replication {

// Items that a learner has not acknowledged yet: four messages in flight keep a connection busy, and what waits for
// them on it waits for a megabyte at most.
inline constexpr std::uint64_t kFillMessagesInFlightMax = 4;
inline constexpr std::size_t kFillKeysMax = 128;
inline constexpr std::size_t kFillBytesMax = 256 * 1024;

struct Fill {
  enum class Kind : std::uint8_t { recovery, backfill };

  Kind kind = Kind::backfill;
  std::deque<std::string> keys = {};  // to be sent first: those that the learner named, or that are under way
  KeyLog::Cursor log = {};            // of a recovery
  ScanPosition scan = {};             // of a backfill
  bool is_scanning = false;
  bool is_done = false;  // all was sent
  std::uint64_t sent = 0;
  std::uint64_t taken = 0;
};

}  // namespace p2p::diststore::replication
