// A byte of what was read, as a number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace p2p::host {

// `at` is within `bytes`.
inline std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

}  // namespace p2p::host
