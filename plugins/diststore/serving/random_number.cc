#include "serving/random_number.h"

#include <random>

namespace p2p::diststore {

std::uint64_t random_number() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace p2p::diststore
