// By which address do others reach this node? A pure rule: names have been resolved before.
#pragma once

#include <p2p/location.h>
#include <p2p/result.h>

#include <optional>
#include <string>

namespace p2p::host {

// `listen` is where the node listens, with the port that it really got. `advertise` is what the operator said, port 0
// standing for that port. `resolved` is the machine's own address as the resolver gives it, or "" when it gave none.
//
// A node that listens on one address is reached there. One that listens on all is reached at `resolved`, which is
// refused when it is a loopback address: other machines would then talk to themselves.
Result<Location> decide_advertised(const Location& listen, const std::optional<Location>& advertise,
                                   const std::string& resolved);

// "127.0.0.1", all of 127.0.0.0/8, "::1", and "localhost".
bool is_loopback(const std::string& address);

// "0.0.0.0" and "::".
bool is_every_address(const std::string& address);

}  // namespace p2p::host
