// What may a client's bytes do to the decoder of HTTP? One input of a fuzzer: bytes as they arrive on a connection.
#pragma once

#include <cstdint>
#include <string_view>

namespace p2p::fuzz {

enum class HeadOutcome : std::uint8_t { incomplete, refused, taken };

// Takes requests from the front as a connection does, and tells what became of the last. Aborts when a request is taken
// that should not be, or when one does not end.
HeadOutcome try_http_head(std::string_view input);

}  // namespace p2p::fuzz
