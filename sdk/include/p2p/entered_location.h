// How does an address enter that a person has written: in a configuration, on a command line? In one spelling, so that
// nodes which were told of one place in different words mean one node. Addresses that come from other nodes are taken
// as they are.
#pragma once

#include <p2p/location.h>

#include <string_view>

namespace p2p {

// parse_location(), with the address as the system spells it: "[0:0::1]:9900" and "[::1]:9900" are one, "127.1" is
// "127.0.0.1", and an IPv4 address that is mapped into IPv6 ("::ffff:10.0.0.5") is that IPv4 address. The name of a
// host and the name of an interface ("fe80::1%eth0") stay as they are. [any thread]
P2P_API Result<Location> entered_location(std::string_view text);

}  // namespace p2p
