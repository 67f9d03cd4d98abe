// How do clients learn who owns what? The method of the service Ring, served as the part "ring".
#pragma once

#include "front.h"

#include <p2p/handlers.h>

#include <memory>

namespace p2p::wire {

// Answers once this node is part of its network: before that its ring is not what others work by.
void add_ring_methods(Methods& methods, std::shared_ptr<ring::Front> front);

}  // namespace p2p::wire
