// How is a batch answered whose keys are all this node's own? At once and without the generated code: keys and values
// are used where they lie in the message, results are written where they leave from. A client that knows the ring sends
// no others. Whatever is not so plain (another node's keys, keys on the move, compact messages, limits that are
// exceeded, arguments that make no sense) is left to batch_job.h.
#pragma once

#include "serving/store.h"

#include <p2p/call.h>

#include <optional>
#include <vector>

namespace p2p::diststore {

// True: answered. False: the call is as it was. [rpc]
bool read_many_here(const Store& store, Call& call);

// Nothing: answered. Otherwise the call is as it was, but the first items may have been written, with these results: a
// change of the ring has come between. [rpc]
std::optional<std::vector<wire::WriteResult>> write_many_here(const Store& store, Call& call);

}  // namespace p2p::diststore
