#include "cluster/map/identity.h"

#include <fmt/format.h>

namespace p2p::cluster {

std::string Id::text() const { return fmt::format("{:016x}{:016x}", high, low); }

}  // namespace p2p::cluster
