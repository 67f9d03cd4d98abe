#include "agreed/feature_level.h"

namespace p2p::agreed {

std::uint32_t feature_level() noexcept { return 2; }

}  // namespace p2p::agreed
