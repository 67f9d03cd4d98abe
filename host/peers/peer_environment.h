// What do all connections to other nodes share? The node's own state, across all loops.
#pragma once

#include "peers/address_book.h"
#include "peers/classic_nodes.h"
#include "peers/machine_probe.h"
#include "peers/peer_identity.h"
#include "serving/own_failures.h"

#include <p2p/log.h>

namespace p2p::host {

// Outlives its users.
struct PeerEnvironment {
  const PeerIdentity& identity;
  ClassicNodes& classics;
  AddressBook& book;
  MachinesHeard& machines;
  OwnFailures& own_failures;
  Logger& log;
};

}  // namespace p2p::host
