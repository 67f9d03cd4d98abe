// By which address do others reach this node? A pure rule: names have been resolved before.
#pragma once

#include <p2p/node_address.h>
#include <p2p/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace p2p::host {

// `listen` is where the node listens, with the port that it really got; `wanted_port` is what [host] listen says.
// `advertise` is what the operator set: port 0 means the port that it got; any other port stands for the wanted one,
// and is refused when the node got another. `resolved` are the machine's own addresses as the resolver gives them.
//
// A node that listens on one address is reached there. One that listens on all is reached at the first of `resolved`
// that it listens on and others can reach, IPv4 before IPv6; when there is none, it is refused: with a loopback address
// other machines would talk to themselves. A link-local address is always refused: it means another place on each
// machine.
Result<NodeAddress> decide_advertised(const NodeAddress& listen, const std::optional<NodeAddress>& advertise,
                                      const std::vector<std::string>& resolved, std::uint16_t wanted_port);

}  // namespace p2p::host
