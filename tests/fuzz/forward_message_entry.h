// Do nodes read what other nodes pass on to them as Thrift reads it? One input of a fuzzer: the arguments of
// Peer.forward, or its result, as they follow the head of a message.
#pragma once

#include <cstdint>
#include <string_view>

namespace p2p::fuzz {

// What is read, as the first byte of an input says it modulo kForwardFormsCount.
enum class ForwardForm : std::uint8_t { binary_call, compact_call, reply };
inline constexpr unsigned kForwardFormsCount = 3;

enum class ForwardOutcome : std::uint8_t { refused, read };

// Aborts when what was read lies outside the input, or is not what Thrift's own code reads there. What Thrift accepts
// may be refused: nodes write less than it would take.
ForwardOutcome try_forward_message(std::string_view input);

}  // namespace p2p::fuzz
