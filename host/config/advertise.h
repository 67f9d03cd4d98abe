// At which address do others reach this node? A pure rule: the caller has resolved the names.
#pragma once

#include <p2p/node_address.h>
#include <p2p/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace p2p::host {

// `listen` is where the node listens, with its actual port; `wanted_port` is the port in [host] listen. `advertise` is
// the operator's setting: port 0 stands for the actual port; any other port is refused if the node did not get
// `wanted_port`. `resolved` are the machine's own addresses as the resolver gives them.
//
// A node that listens on one address is reached there. One that listens on all is reached at the first of `resolved`
// that it listens on and others can reach, IPv4 before IPv6. If there is none, the result is an error: with a loopback
// address other machines would connect to themselves. A link-local address is always an error: on each machine it means
// a different node.
Result<NodeAddress> decide_advertised(const NodeAddress& listen, const std::optional<NodeAddress>& advertise,
                                      const std::vector<std::string>& resolved, std::uint16_t wanted_port);

}  // namespace p2p::host
