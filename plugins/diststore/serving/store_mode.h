// How does a mode of the store live? plugin.cc makes the one that the locator's placement asks for (classic_mode.h,
// agreed_mode.h) and tells it about the life of the service; the path of a call knows its routing and its keys alone.
#pragma once

#include "serving/key_routing.h"
#include "serving/keys_here.h"
#include "serving/scans.h"

#include <p2p/completion.h>
#include <p2p/context.h>
#include <p2p/handlers.h>
#include <p2p/result.h>
#include <p2p/store.h>

#include <memory>

namespace p2p::diststore {

// Every method: [control thread].
class StoreMode {
 public:
  virtual ~StoreMode() = default;

  virtual std::shared_ptr<KeyRouting> routing() const = 0;
  virtual std::shared_ptr<KeysHere> keys() const = 0;
  virtual std::shared_ptr<Scans> scans() const = 0;

  // What services keep here. After start().
  virtual std::shared_ptr<IStore> spaces() const = 0;

  // Serves what other nodes ask of this mode alone, follows the locator from now on, and shows gauges.
  virtual Result<Done> start(Context& context) = 0;
  // The methods of diststore.StorePeer that are its own.
  virtual void add_methods(Methods& methods) = 0;
  // `done` runs when this node may own keys.
  virtual void when_established(Completion done) = 0;
  // The node is about to leave its network.
  virtual void begin_leave() = 0;
  // Why the service must not end while this node is a member.
  virtual Result<Done> may_end() const = 0;
  // Legal once; nothing runs any more once the host has ended the service's strands.
  virtual void stop() = 0;
};

}  // namespace p2p::diststore
