// How are times and sizes written in a configuration? "10s", "250ms", "1.5m"; "16MiB", "64KiB", "10MB".
#pragma once

#include <p2p/result.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Units ns, us, ms, s, m, h; a number without a unit is refused (except "0"). Never negative. [any thread]
P2P_API Result<Duration> parse_duration(std::string_view text);

// Units B, KiB, MiB, GiB (powers of 1024) and KB, MB, GB (powers of 1000); a bare number counts bytes. [any thread]
P2P_API Result<std::uint64_t> parse_bytes(std::string_view text);

// The shortest text that reads back as the same value: "1500ms", "10s", "16MiB". [any thread]
P2P_API std::string format_duration(Duration duration);
P2P_API std::string format_bytes(std::uint64_t bytes);

}  // namespace p2p
