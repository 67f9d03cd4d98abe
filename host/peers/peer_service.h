// What do other nodes ask of this one? The service Peer: hello, which opens every peer connection, and forward, a call
// that another node forwards because this one owns the key.
#pragma once

#include "peers/peer_identity.h"
#include "serving/service_router.h"

#include <p2p/handlers.h>

#include <memory>

namespace p2p::host {

// Both arguments outlive the endpoint.
std::shared_ptr<Endpoint> make_peer_service(PeerIdentity& identity, ServiceRouter& router, Logger& log);

}  // namespace p2p::host
