// How do the membership core's messages travel? As calls of the service Membership (idl/membership.thrift). Foreign
// rows are checked here, so that the core only sees what could be true; nothing in here throws.
#pragma once

#include "membership/membership.h"

#include <p2p/result.h>

#include <Membership.h>

#include <string>
#include <string_view>
#include <vector>

namespace p2p::wire {

// Rows of a table, and names in a chain or of those that are waited for, that a message may have: a full table with all
// it remembers, twice.
inline constexpr std::size_t kRowsMax = 10'000;
inline constexpr std::size_t kAuthoritiesMax = 10'000;

// --- our side of a call ----------------------------------------------------------------------------------------------

// The whole binary message, for Peers::call.
std::string encode_call(const membership::Message& message);

// The same for Peers::call_classic: the 2009 system's own add, remove or get_all.
std::string encode_classic_call(const membership::Message& message);
std::string encode_get_all();
std::string encode_classic_join(const Location& joiner);

// What the end of Peers::call_classic means to the core; a get_all's reply becomes rows of unknown life.
membership::CallResult read_classic_reply(const membership::Message& message, const Result<std::string>& reply);
Result<std::vector<Location>> read_get_all(const Result<std::string>& reply);

// What the end of a Peers::call means to the core; `why` says it in words when it was not answered.
membership::CallResult read_reply(const Result<std::string>& reply, std::string& why);

// --- the other side --------------------------------------------------------------------------------------------------

Result<membership::Member> from_wire(const ::membership::Member& row);
Result<membership::View> from_wire(const ::membership::View& view);  // without the rows that cannot be true
Result<std::vector<std::string>> checked_authorities(std::vector<std::string> names);
::membership::View to_wire(const membership::View& view);

// --- the table as opaque bytes, for ILocator -------------------------------------------------------------------------

std::string encode_table(const membership::View& view);
Result<membership::View> decode_table(std::string_view bytes);

}  // namespace p2p::wire
