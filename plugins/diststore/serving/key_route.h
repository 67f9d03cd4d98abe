// Where is a key served now? The answer of KeyRouting to the path of a call.
#pragma once

#include "engine/engine.h"

#include <p2p/node_address.h>

#include <cstdint>
#include <string_view>

namespace p2p::diststore {

class ForeignStore;

struct KeyRoute {
  enum class Where : std::uint8_t {
    here,     // by this node: KeysHere
    peer,     // by `node`, which runs this store: it is asked by its own service
    foreign,  // by `node`, which runs another store: it is asked through `foreign`
    nobody,   // no node owns it at the moment
    wait,     // by this node, but not yet: `why`
  };

  Where where = Where::nobody;
  OwnershipProof proof = {};          // of what is served here, where the engine asks for one
  std::int64_t view = 0;              // the fingerprint of the view that this follows from; results carry it
  const NodeAddress* node = nullptr;  // valid until the calling thread asks for the next route
  std::string_view why = {};          // a literal
  ForeignStore* foreign = nullptr;
};

}  // namespace p2p::diststore
