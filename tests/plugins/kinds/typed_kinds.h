// Kinds in the SDK's typed asynchronous kind: one function a method, each with the right to answer one call.
#pragma once

#include "notebook.h"

#include <p2p/handlers.h>

#include <memory>

namespace kinds {

// `pool` outlives the endpoint.
std::shared_ptr<p2p::Methods> typed_kinds(p2p::WorkerPool& pool, std::shared_ptr<Notebook> notebook);

}  // namespace kinds
