// How does a request to change the map stand on the wire? Part of wire/: reading throws Malformed when a value cannot
// be.
#pragma once

#include "cluster/map/change.h"

#include <cluster_types.h>

namespace p2p::cluster::wire {

::cluster_wire::Request to_wire(const Request& request);
Request from_wire(const ::cluster_wire::Request& request);

}  // namespace p2p::cluster::wire
