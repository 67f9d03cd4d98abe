// Were plugin and host built compatibly? Both carry a text of "field=value;" pairs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

// The value of a field, or "" when the stamp has none.
std::string_view field_of(std::string_view stamp, std::string_view field);

// Every field that makes the plugin incompatible, with both values: "abi: plugin 99.0, host 1.0". Empty: compatible.
// The ABI's major number must be equal, and its minor number not above the host's; fields from "compiler" on are not
// compared.
std::vector<std::string> find_differences(std::string_view plugin, std::string_view host);

}  // namespace p2p::host
