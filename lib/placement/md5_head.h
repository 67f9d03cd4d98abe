// What are the first four bytes of an MD5 digest? The classic ring's only use of MD5; no security depends on it.
#pragma once

#include <cstdint>
#include <string_view>

namespace p2p::placement {

// The first four bytes of MD5(bytes), read big-endian. [any thread]
std::uint32_t md5_head(std::string_view bytes) noexcept;

}  // namespace p2p::placement
