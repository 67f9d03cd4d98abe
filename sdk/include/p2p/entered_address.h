// How is an address read that a person typed, in a configuration or on a command line? It is normalised, so that
// different spellings of one place mean one node. Addresses from other nodes are taken as they are.
#pragma once

#include <p2p/node_address.h>

#include <string_view>

namespace p2p {

// parse_location(), with the address as the system spells it: "[0:0::1]:9900" and "[::1]:9900" are one, "127.1" is
// "127.0.0.1", and an IPv4 address that is mapped into IPv6 ("::ffff:10.0.0.5") is that IPv4 address. Host names and
// interface names ("fe80::1%eth0") stay unchanged. [any thread]
P2P_API Result<NodeAddress> entered_address(std::string_view text);

}  // namespace p2p
