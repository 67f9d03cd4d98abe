// What may bytes that another store has sent as the state of a service do? One input of a fuzzer, read as a stored
// state and as a stored key.
#pragma once

#include <cstdint>
#include <string_view>

namespace p2p::fuzz {

enum class StateOutcome : std::uint8_t { refused, taken };

// Aborts when what is taken is not what encode() or stored_key_of() make of it again.
StateOutcome try_stored_state(std::string_view input);

}  // namespace p2p::fuzz
