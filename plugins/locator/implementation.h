// What does a membership implementation consist of? The shell knows no more of it than this.
#pragma once

#include "locator_impl.h"
#include "locator_shell.h"
#include "membership/membership.h"

#include <p2p/context.h>
#include <p2p/handlers.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace p2p::ring {

struct Implementation {
  std::shared_ptr<membership::Membership> membership;
  membership::Carrier carry;

  // What other nodes call on the service's part "peer": its IDL name and its methods.
  std::string peer_idl;
  std::function<void(Methods& methods, const std::shared_ptr<LocatorShell>& node)> add_peer_methods;

  // Null when there are none.
  std::function<std::shared_ptr<Announcements>(const std::shared_ptr<LocatorShell>& node)> make_announcements;

  // How keys are placed, as the nodes of a network tell each other and clients; empty: as RingChanges does it.
  std::string placement = {};

  // Further parts that the service has.
  struct Part {
    ServiceSpec spec;
    std::function<void(Methods& methods)> add_methods;
  };
  std::vector<Part> parts = {};

  // Until when this node may act as owner: ILocator::lease_held_until(). Null: always. [any thread]
  std::function<TimePoint()> lease_held_until = nullptr;

  // ILocator::hold_partitions() and compare_maps(). Null: it has no partitions. [any thread]
  HoldPartitions hold_partitions = nullptr;
  std::function<void(PartitionNode node)> compare_maps = nullptr;
  // ILocator::newest_map(). Null: there are no maps. [any thread]
  std::function<NewestMap()> newest_map = nullptr;
  // The feature level in force, for clients (RingState.level). Null: there is none. [any thread]
  std::function<std::uint32_t()> level_in_force = nullptr;

  // What it changes while it runs, and how; other options need a restart of the service. [control]
  std::vector<std::string> live_options = {};
  std::function<void(const Config& config)> apply_options = nullptr;
};

// Reads the service's options; `context` outlives the result. An error refuses the start.
using MakeImplementation = std::function<Result<Implementation>(Context& context)>;

// The service on other nodes that calls go to, unless an implementation sends them in a form of its own.
inline std::string peer_service(const Context& context) { return context.service_name() + ".peer"; }

}  // namespace p2p::ring
