// What do all ways to other nodes have in common? The node's own, shared by the connections of every loop.
#pragma once

#include "peers/address_book.h"
#include "peers/classic_nodes.h"
#include "peers/machine_probe.h"
#include "peers/peer_identity.h"
#include "serving/own_failures.h"

#include <p2p/log.h>

namespace p2p::host {

// Outlives those who use it.
struct PeerSurroundings {
  const PeerIdentity& identity;
  ClassicNodes& classics;
  AddressBook& book;
  MachinesHeard& machines;
  OwnFailures& own_failures;
  Logger& log;
};

}  // namespace p2p::host
