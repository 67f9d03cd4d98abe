// How do maps, and what changes them, become bytes? As encoded ClusterMap and Change of idl/cluster.thrift. What is
// read is sound: a map is one that cluster::unsoundness() knows nothing against, and a change keeps within its limits;
// whether it is allowed is asked elsewhere (cluster/map/apply.h). [any thread]
#pragma once

#include "cluster/embedded/messages.h"

#include <p2p/result.h>

#include <cluster_types.h>

#include <string>
#include <string_view>

namespace p2p::cluster::wire {

std::string encode_map(const ClusterMap& map);
Result<ClusterMap> decode_map(std::string_view bytes);

std::string encode_change(const Change& change);
Result<Change> decode_change(std::string_view bytes);

// --- part of wire/: what makes no sense throws Malformed

ClusterMap read_map(std::string_view bytes);
Change read_change(std::string_view bytes);

::cluster_wire::MapUpdate to_wire(const MapUpdate& update);
// `cluster`: of whoever sends it.
MapUpdate from_wire(const ::cluster_wire::MapUpdate& update, const ClusterId& cluster);

}  // namespace p2p::cluster::wire
