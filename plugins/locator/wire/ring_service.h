// How do clients learn who owns what? The methods of the service Ring, served as the part "ring".
#pragma once

#include <p2p/handlers.h>
#include <p2p/locator.h>

#include <memory>

namespace p2p::wire {

// Answers once this node is part of its network: before that its ring differs from the others'.
void add_ring_methods(Methods& methods, std::shared_ptr<ILocator> locator);

}  // namespace p2p::wire
