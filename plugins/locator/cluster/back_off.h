// How long is waited for what is tried again and again? Where a machine is too slow for the first wait, another try as
// soon would only add to what it has to do.
#pragma once

#include <p2p/units.h>

#include <algorithm>
#include <cstddef>

namespace p2p::cluster {

// Each wait is twice as long as the one before, so often.
inline constexpr std::size_t kDoublingsMax = 3;

// After the first of `tries`, or a later one.
constexpr Duration after_tries(Duration first, std::size_t tries, std::size_t doublings_max = kDoublingsMax) {
  return first * (1 << (tries == 0 ? 0 : std::min(tries - 1, doublings_max)));
}

}  // namespace p2p::cluster
