// How does the shell of the replication cores live? What AgreedMode asks of it, beside what the path of a call does
// (replica_store.h).
#pragma once

#include "agreed/replica_store.h"

#include <p2p/completion.h>
#include <p2p/context.h>
#include <p2p/handlers.h>
#include <p2p/result.h>

namespace p2p::diststore::agreed {

// As StoreMode says. Every method: [control thread].
class ReplicaService : public ReplicaStore {
 public:
  virtual void start(Context& context) = 0;
  // The methods of diststore.StorePeer by which copies follow their primary.
  virtual void add_methods(Methods& methods) = 0;
  virtual void when_established(Completion done) = 0;
  virtual Result<p2p::Done> may_end() const = 0;
  virtual void stop() = 0;
};

}  // namespace p2p::diststore::agreed
