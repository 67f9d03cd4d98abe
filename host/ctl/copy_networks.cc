#include "ctl/copy_networks.h"

#include "ctl/cluster_verbs.h"

#include <p2p/handlers.h>

#include <Ring.h>

#include <algorithm>

namespace p2p::ctl {
namespace {

constexpr const char* kRing = "locator.ring";

}  // namespace

Result<Network> ask_network(Connection& node) {
  const auto state = ask_cluster(node);
  if (state.ok()) return Network{.is_agreed = true, .cluster = state.value().cluster};
  if (!is_other_mode(state.error())) return state.error();
  const auto ring = node.ask(kRing, &locator::RingClient::state);
  if (!ring.ok()) return ring.error();
  Network network{.view = ring.value().view};
  for (const auto& member : ring.value().members) network.members.push_back(from_wire(member));
  for (const auto& member : ring.value().leaving) network.members.push_back(from_wire(member));
  return network;
}

bool is_same(const Network& one, const Network& other) {
  if (one.is_agreed != other.is_agreed) return false;
  if (one.is_agreed) return one.cluster == other.cluster;
  return std::ranges::any_of(one.members, [&](const NodeAddress& member) {
    return std::ranges::find(other.members, member) != other.members.end();
  });
}

}  // namespace p2p::ctl
