// Whole messages for the tests, written by Thrift's own protocols, so that what we read is what clients send.
#pragma once

#include <p2p/call.h>

#include <string>

namespace p2p::host {

// A call with every kind of field that Thrift knows: numbers, text, bools, lists, sets, maps, nested structs, empty
// ones too.
std::string rich_call(Encoding encoding, const std::string& name, std::int32_t sequence);

// diststore's read(key).
std::string read_call(Encoding encoding, const std::string& name, const std::string& key, std::int32_t sequence);

}  // namespace p2p::host
