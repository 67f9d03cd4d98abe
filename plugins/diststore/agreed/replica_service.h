// How does the shell of the replication cores live? What AgreedMode asks of it, beside what the path of a call does
// (replica_store.h).
#pragma once

#include "agreed/replica_store.h"

#include <p2p/completion.h>
#include <p2p/context.h>
#include <p2p/result.h>

namespace p2p::diststore::agreed {

// As StoreMode says. Every method: [control thread].
class ReplicaService : public ReplicaStore {
 public:
  // Serves what copies and primaries say to each other, and follows the locator from then on.
  virtual Result<p2p::Done> start(Context& context) = 0;
  virtual void when_established(Completion done) = 0;
  virtual Result<p2p::Done> may_end() const = 0;
  virtual void stop() = 0;
};

}  // namespace p2p::diststore::agreed
