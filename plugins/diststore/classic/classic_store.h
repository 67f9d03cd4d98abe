// What do the parts of the classic mode share? What every mode's store has, the values held here, the ring by which
// this node works, and what it knows about nodes of the 2009 system. Made by ClassicMode.
#pragma once

#include "classic/classic_peers.h"
#include "classic/core/ownership_snapshot.h"
#include "classic/kept_puts.h"
#include "classic/local_store.h"
#include "serving/store.h"

#include <p2p/call.h>
#include <p2p/locator.h>
#include <p2p/result.h>
#include <p2p/snapshot.h>

#include <cstdint>
#include <memory>

namespace p2p::diststore {

struct ClassicStore : StoreParts {
  std::shared_ptr<LocalStore> local;
  std::shared_ptr<ILocator> locator;
  std::shared_ptr<ClassicPeers> classics;
  std::shared_ptr<Snapshot<OwnershipSnapshot>> ownership;
  std::shared_ptr<KeptPuts> kept_puts = std::make_shared<KeptPuts>();
};

inline std::int64_t fingerprint_of(const RingView& view) { return static_cast<std::int64_t>(view.fingerprint()); }

// The node runs no store that could hold keys for us: it is one of the 2009 system, or this service is not configured
// there. `error` is that of the call, or of its decoded reply.
inline bool has_no_store(const Error& error) {
  if (error.kind == ErrorKind::unsupported) return true;
  return error.text.starts_with(kUnknownPrefix) || error.text.starts_with(kDisabledPrefix);
}

}  // namespace p2p::diststore
