#include "replication/stored_entry.h"

#include <xxhash.h>

namespace p2p::diststore {

// Each part seeds the hash of the next, so that bytes cannot move from one to the other unseen.
std::uint64_t digest_of(std::string_view key, std::string_view value, Version version, bool is_erased) {
  const std::uint64_t fixed[] = {version.stamp, version.node, is_erased ? 1U : 0U};
  const std::uint64_t of_key = XXH3_64bits_withSeed(key.data(), key.size(), XXH3_64bits(fixed, sizeof fixed));
  return XXH3_64bits_withSeed(value.data(), value.size(), of_key);
}

}  // namespace p2p::diststore
