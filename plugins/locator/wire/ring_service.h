// How do clients learn who owns what? The methods of the service Ring, served as the part "ring".
#pragma once

#include <p2p/handlers.h>
#include <p2p/locator.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace p2p::wire {

// Answers once this node is part of its network: before that its ring differs from the others'.
// `level_in_force`: Implementation's (implementation.h); may be null.
void add_ring_methods(Methods& methods, std::shared_ptr<ILocator> locator,
                      std::function<std::uint32_t()> level_in_force = nullptr);

}  // namespace p2p::wire
