// How long until the next try? The pause doubles with each failure in a row. Who counts the failures, and when they are
// forgotten, is the caller's business. Pure.
#pragma once

#include <p2p/units.h>

#include <algorithm>
#include <cstdint>

namespace p2p::net {

struct BackOff {
  Duration first{};
  Duration max{};

  // The pause after `failures` in a row; none after none.
  constexpr Duration after(std::uint32_t failures) const noexcept {
    if (failures == 0) return Duration::zero();
    Duration pause = std::min(first, max);
    for (; failures > 1 && pause < max; --failures) pause = std::min(2 * pause, max);
    return pause;
  }
};

// The pause less a random part of it, up to half, so that many do not try at once.
template <class Random>
Duration with_jitter(Duration pause, Random& random) {
  return pause - pause * (random() % 50) / 100;
}

}  // namespace p2p::net
