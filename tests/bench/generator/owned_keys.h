// Which keys does a certain node own? Asked of the network itself.
#pragma once

#include "load/dataset.h"

#include <p2p/node_address.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace p2p::bench {

// The numbers, from `first` on, of the first `count` keys that the node `owner` ("address:port") owns as the node
// `asked` sees it. Throws std::runtime_error when `asked` does not answer, or the node owns next to nothing.
std::vector<std::uint64_t> owned_keys(const NodeAddress& asked, const std::string& owner, const load::Dataset& data,
                                      std::uint64_t first, std::size_t count);

// The same, but looked up once for all runs of a benchmark: read from `file` when it is there, else written to it.
// Throws std::runtime_error when it cannot be written, or holds another number of keys.
std::vector<std::uint64_t> owned_keys(const std::filesystem::path& file, const NodeAddress& asked,
                                      const std::string& owner, const load::Dataset& data, std::uint64_t first,
                                      std::size_t count);

}  // namespace p2p::bench
