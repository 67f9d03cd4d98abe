#include "placement/fingerprint.h"

#include <xxhash.h>

namespace p2p::placement {

std::uint64_t fingerprint_of(const std::vector<std::string>& sorted_names, const std::string& placement) {
  std::string text = placement;
  for (const std::string& name : sorted_names) text.append(1, '\n').append(name);
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace p2p::placement
