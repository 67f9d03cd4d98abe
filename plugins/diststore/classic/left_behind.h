// Which keys of other nodes does this node still hold? Some of them, to be moved; and when it must end, how many for
// which node, with the first names.
#pragma once

#include "classic/classic_store.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace p2p::diststore {

struct LeftBehind {
  NodeAddress to;  // port 0: there is no node to take them
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> names;  // the first of them; see kUndeliveredNamesMax
};

// Scans every key by the current ring; those with a value count. Errors are the engine's. [any thread]
Result<std::vector<LeftBehind>> left_behind(const ClassicStore& store);

struct ForeignKeys {
  std::vector<StoredKey> keys;   // with their values
  std::size_t scanned_keys = 0;  // including those of this node
};
struct FindLimits {
  std::size_t keys_max = 0;   // scanned
  std::size_t bytes_max = 0;  // of keys and values found; the one that exceeds it is the last
};

// Some of what belongs to others by `ring`, from `position` on, which advances past it. On an error, the engine's,
// `met` has what was found before.
Result<Done> find_foreign(const Engine& engine, const RingView& ring, ScanPosition& position, FindLimits limits,
                          ForeignKeys& met);

}  // namespace p2p::diststore
