// How is a batch answered whose keys are all this node's own? At once and without the generated code: keys and values
// are used in place in the message, results are written straight into the reply. A client that knows the ring sends no
// other batches. Everything else (another node's keys, keys on the move, compact messages, exceeded limits, malformed
// arguments) is left to batch_job.h.
#pragma once

#include "serving/store.h"

#include <p2p/call.h>

#include <optional>
#include <vector>

namespace p2p::diststore {

// True: answered. False: the call is unchanged. [rpc]
bool read_many_here(const Store& store, Call& call);

// Nothing: answered. Otherwise the call is unchanged, but its first items may have been written, with these results,
// before the ring changed. [rpc]
std::optional<std::vector<wire::WriteResult>> write_many_here(const Store& store, Call& call);

}  // namespace p2p::diststore
