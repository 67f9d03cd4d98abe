// Which keys of a batch go to which node? One part for each owner, split where it would grow too long for one message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace p2p::client {

// Half of what a node accepts in one batch by default, and a fraction of its largest message.
inline constexpr std::size_t kPartKeysMax = 5'000;
inline constexpr std::size_t kPartBytesMax = 1024 * 1024;

// Where a key of a batch goes, and how long it is in the message, value included.
struct BatchKey {
  std::uint32_t owner = 0;
  std::size_t bytes = 0;
};

// Indexes of the request, ascending. One owner may have several parts; a key longer than kPartBytesMax has one to
// itself. Together the parts name each key once.
using BatchPart = std::vector<std::uint32_t>;
std::vector<BatchPart> split(const std::vector<BatchKey>& keys);

}  // namespace p2p::client
