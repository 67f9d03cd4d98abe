#include "rules/batch_split.h"

#include <limits>

namespace p2p::client {
namespace {

constexpr std::size_t kNoPart = std::numeric_limits<std::size_t>::max();

struct OpenPart {
  std::size_t index = kNoPart;  // in the list of parts
  std::size_t bytes = 0;
};

}  // namespace

std::vector<BatchPart> split(const std::vector<BatchKey>& keys) {
  std::vector<BatchPart> parts;
  std::vector<OpenPart> open;  // by owner
  for (std::uint32_t at = 0; at < keys.size(); ++at) {
    const BatchKey& key = keys[at];
    if (key.owner >= open.size()) open.resize(key.owner + 1);
    OpenPart& part = open[key.owner];
    const bool is_full =
        part.index != kNoPart && (parts[part.index].size() >= kPartKeysMax || part.bytes + key.bytes > kPartBytesMax);
    if (part.index == kNoPart || is_full) {
      part = {parts.size(), 0};
      parts.emplace_back();
    }
    parts[part.index].push_back(at);
    part.bytes += key.bytes;
  }
  return parts;
}

}  // namespace p2p::client
