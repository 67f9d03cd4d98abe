// Which members are no more, and what do all of them know by now? The part of steps.h that is about members.
#pragma once

#include "cluster/planner/steps.h"

namespace p2p::cluster {

std::vector<Request> member_steps(const Situation& situation);

}  // namespace p2p::cluster
