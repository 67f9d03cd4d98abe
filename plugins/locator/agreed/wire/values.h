// How do the small values of the cluster stand on the wire? Part of wire/: whatever reads throws Malformed when a value
// cannot be.
#pragma once

#include "agreed/refusal.h"
#include "agreed/terms.h"
#include "cluster/embedded/messages.h"

#include <p2p/units.h>

#include <cluster_types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::cluster::wire {

// --- numbers and texts -----------------------------------------------------------------------------------------------

// Of what is never negative: epochs, terms, boot numbers, rounds, generations.
inline std::int64_t to_wire(std::uint64_t number) { return static_cast<std::int64_t>(number); }
std::uint64_t natural(std::int64_t number);
// At most `max`, which an i32 holds.
std::uint32_t natural(std::int32_t number, std::size_t max);
PartitionNumber partition_number(std::int32_t number);
std::uint32_t feature_level(std::int32_t level);

std::int64_t to_wire(TimePoint sent_at);
TimePoint sent_at(std::int64_t on_wire);

// For people: without what a log cannot show, and cut where it is too long.
std::string reason(std::string text);

// --- ids -------------------------------------------------------------------------------------------------------------

std::string to_wire(const Id& id);
NodeId node_id(std::string_view bytes);  // somebody's
ClusterId cluster_id(std::string_view bytes);

::cluster_wire::Boot to_wire(const Boot& boot);
Boot from_wire(const ::cluster_wire::Boot& boot);

// --- members ---------------------------------------------------------------------------------------------------------

NodeAddress address(const std::string& host, std::int32_t port);
std::string zone(const std::string& text);
std::vector<std::string> services(const std::vector<std::string>& names);

::cluster_wire::Durability::type to_wire(Durability durability);
Durability from_wire(::cluster_wire::Durability::type durability);

::cluster_wire::Member to_wire(const Member& member);
Member from_wire(const ::cluster_wire::Member& member);

// --- of messages -----------------------------------------------------------------------------------------------------

::cluster_wire::Ballot to_wire(const Ballot& ballot);
Ballot from_wire(const ::cluster_wire::Ballot& ballot);

std::string pack(const std::vector<Consent>& consents);
std::vector<Consent> unpack_consents(std::string_view packed);

std::string pack(const std::vector<NodeId>& ids);
std::vector<NodeId> unpack_ids(std::string_view packed);

::cluster_wire::Terms to_wire(const Terms& terms);
Terms from_wire(const ::cluster_wire::Terms& terms);

::cluster_wire::Refused to_wire(const Refused& refused);
Refused from_wire(const ::cluster_wire::Refused& refused);

}  // namespace p2p::cluster::wire
