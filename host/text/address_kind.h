// What kind of address does this text mean? Read as the resolver reads numbers: "127.1" and "0" are addresses, too.
// Names are of no kind, except "localhost".
#pragma once

#include <string>

namespace p2p::host {

// All of 127.0.0.0/8, "::1", and "localhost".
bool is_loopback(const std::string& address);

// "0.0.0.0" and "::", however they are written.
bool is_every_address(const std::string& address);

// fe80::/10, with or without the name of an interface: it means another place on each machine.
bool is_link_local(const std::string& address);

// Of many machines at once: a multicast address, or the broadcast address of IPv4. Nothing can be connected to there.
bool is_of_many(const std::string& address);

}  // namespace p2p::host
