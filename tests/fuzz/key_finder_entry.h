// Does the host find the key that Thrift finds? One input of a fuzzer: which key is looked for, and a whole message as
// a client would send it, taken apart as the host's router does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::fuzz {

// What became of an input; for who wants to know whether inputs reach anything.
enum class Outcome : std::uint8_t { no_call, found, no_key, malformed };

// Byte 0: 0 or 1 in its lowest bit for binary or compact, the length of the path in the next three; then a byte for
// each field id of the path; then the message. Aborts when the key is not the one that Thrift's own decoder finds.
Outcome try_key_finder(std::string_view input);

}  // namespace p2p::fuzz
