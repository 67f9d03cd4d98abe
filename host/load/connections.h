// How is a server reached? Sockets of a load, connected one after the other and owned.
#pragma once

#include "files/owned_descriptor.h"

#include <p2p/node_address.h>
#include <p2p/result.h>

namespace p2p::load {

using Socket = host::OwnedDescriptor;

// Connects within a few seconds, over IPv4 or IPv6. The error names `to`.
Result<Socket> connect_to(const NodeAddress& to);

// Lets this process have `connections` open besides what it has. The error says how many it may have, and what to do.
Result<Done> make_room_for(std::size_t connections);

}  // namespace p2p::load
