// What time is it, for versions? A file of its own, so that a simulation can tell another time.
#pragma once

#include <cstdint>

namespace p2p::diststore {

// Milliseconds since 1970, by this machine's clock. [any thread]
std::uint64_t wall_clock_ms();

}  // namespace p2p::diststore
