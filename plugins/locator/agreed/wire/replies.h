// How do senders and replies stand on the wire? Part of wire/: whatever reads throws Malformed when a value cannot be.
#pragma once

#include "agreed/wire/messages.h"

#include <cluster_types.h>

namespace p2p::cluster::wire {

::cluster_wire::Sender to_wire(const Sender& from, const ClusterId& cluster);
Sender from_wire(const ::cluster_wire::Sender& from);
ClusterId cluster_of(const ::cluster_wire::Sender& from);

::cluster_wire::Reply to_wire(const Replied& replied);
Replied from_wire(const ::cluster_wire::Reply& reply);

}  // namespace p2p::cluster::wire
