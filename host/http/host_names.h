// May a request with this field Host be answered? A page of another site can make a browser send requests here, under a
// name that it has let point here (DNS rebinding), but it cannot choose an address. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

// "localhost:9900" -> "localhost", "[::1]" -> "::1". Empty: neither a name nor an address, with a port or without.
std::string name_in_host(std::string_view field);

// "http://[::1]:9900" -> "::1": of the site that a field Origin names. Empty: none, or no site of HTTP.
std::string name_in_origin(std::string_view field);

// "localhost", or an address of loopback.
bool is_loopback_name(const std::string& name);

// Loopback addresses and "localhost" always; other addresses with `takes_addresses`; names that are `known`, in any
// case of letters.
bool is_ours(std::string_view field, bool takes_addresses, const std::vector<std::string>& known);

}  // namespace p2p::host
