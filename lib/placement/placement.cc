#include "placement/placement.h"

#include "placement/classic_ring.h"

namespace p2p::placement {

std::unique_ptr<const Placement> placement_named(std::string_view name) {
  if (auto classic = std::make_unique<ClassicPlacement>(); classic->name() == name) return classic;
  return nullptr;
}

}  // namespace p2p::placement
