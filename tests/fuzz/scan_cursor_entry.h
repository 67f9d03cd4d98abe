// What may a client's cursor do to a scan? One input of a fuzzer: bytes that are read as a cursor, and as the position
// in a partition.
#pragma once

#include <cstdint>
#include <string_view>

namespace p2p::fuzz {

enum class CursorOutcome : std::uint8_t { refused, taken };

// Aborts when what is taken for a cursor is not what encode() makes of it again, or when a scan from the position does
// not end, or shows a key of another partition.
CursorOutcome try_scan_cursor(std::string_view input);

}  // namespace p2p::fuzz
