// Which number tells two parties that they see the same ring? Calls and replies carry it as `view`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace p2p::placement {

// Equal exactly when the members and the placement are. `sorted_names` as Placement::build takes them. [any thread]
std::uint64_t fingerprint_of(const std::vector<std::string>& sorted_names, const std::string& placement);

}  // namespace p2p::placement
