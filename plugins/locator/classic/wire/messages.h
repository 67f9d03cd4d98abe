// How do the membership core's messages travel? As calls of the service Membership (idl/membership.thrift). Rows from
// other nodes are checked here, so that the core sees only plausible ones. Nothing here throws.
#pragma once

#include "classic/core/messages.h"

#include <p2p/result.h>

#include <Membership.h>

#include <string>
#include <string_view>
#include <vector>

namespace p2p::wire {

// Limits of a message: on its table rows, and on its lists of names (visited nodes, nodes waited for). Twice a full
// table with all its removed rows.
inline constexpr std::size_t kRowsMax = 10'000;
inline constexpr std::size_t kVisitedNodesMax = 10'000;

// --- our side of a call ----------------------------------------------------------------------------------------------

// The whole binary message, for Peers::call.
std::string encode_call(const classic::Message& message);

// The same for Peers::call_classic: the 2009 system's own add, remove or get_all.
std::string encode_classic_call(const classic::Message& message);
std::string encode_get_all();
std::string encode_classic_join(const NodeAddress& joiner);

// What the result of Peers::call_classic means to the core; a get_all's reply becomes rows of unknown life.
classic::CallResult read_classic_reply(const classic::Message& message, const Result<std::string>& reply);
Result<std::vector<NodeAddress>> read_get_all(const Result<std::string>& reply);

// What the result of a Peers::call means to the core; on failure `why` is set to the reason.
classic::CallResult read_reply(const Result<std::string>& reply, std::string& why);

// --- the other side --------------------------------------------------------------------------------------------------

Result<classic::Member> from_wire(const ::membership::Member& row);
Result<classic::View> from_wire(const ::membership::View& view);  // without implausible rows
Result<std::vector<std::string>> checked_visited_nodes(std::vector<std::string> names);
::membership::View to_wire(const classic::View& view);

// --- the table as opaque bytes, for ILocator -------------------------------------------------------------------------

std::string encode_table(const classic::View& view);
Result<classic::View> decode_table(std::string_view bytes);

}  // namespace p2p::wire
