// May a request with this field Host be answered? A page of another site can make a browser send requests here, under a
// name that it has let point here (DNS rebinding), but it cannot choose an address. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

// "localhost:9900" -> "localhost", "[::1]" -> "::1". Empty: neither a name nor an address, with a port or without.
std::string name_in_host(std::string_view field);

// Loopback addresses and "localhost" always; other addresses with `takes_addresses`; names that are `known`, in any
// case of letters.
bool is_ours(std::string_view field, bool takes_addresses, const std::vector<std::string>& known);

}  // namespace p2p::host
