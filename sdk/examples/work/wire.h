// How do batches travel? Between the core's types and those that Thrift generates.
#pragma once

#include "core/job.h"

#include <work_types.h>

namespace work {

wire::JobState::type to_wire(State state);

// Adds the batch to `into`.
void to_wire(const Batch& batch, p2p::TimePoint now, wire::HandOver& into);

// Jobs in a state that does not travel are left out: their bytes are foreign.
Batch from_wire(wire::HandOver& from, p2p::TimePoint now);

}  // namespace work
