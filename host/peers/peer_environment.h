// What do all connections to other nodes share? The node's own state, across all loops.
#pragma once

#include "net/address_book.h"
#include "net/dial.h"
#include "net/machine_probe.h"
#include "peers/classic_nodes.h"
#include "peers/peer_identity.h"
#include "serving/own_failures.h"

#include <p2p/log.h>

#include <cstddef>

namespace p2p::host {

// Outlives its users.
struct PeerEnvironment {
  const PeerIdentity& identity;
  ClassicNodes& classics;
  net::AddressBook& book;
  net::MachinesHeard& machines;
  OwnFailures& own_failures;
  Logger& log;

  // How all of them connect.
  net::DialOptions dial_options(std::size_t first_address = 0) const {
    return {first_address, &book, &machines, "[host] connect_timeout"};
  }
};

}  // namespace p2p::host
