#include "serving/wall_clock.h"

#include <chrono>

namespace p2p::diststore {

std::uint64_t wall_clock_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
}

}  // namespace p2p::diststore
