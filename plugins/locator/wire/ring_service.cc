#include "wire/ring_service.h"

#include <p2p/idl/Ring.h>

#include <utility>

namespace p2p::wire {
namespace {

std::vector<locator::Location> wire_addresses(const std::vector<NodeAddress>& addresses) {
  std::vector<locator::Location> on_wire;
  on_wire.reserve(addresses.size());
  for (const NodeAddress& address : addresses) on_wire.push_back(p2p::to_wire(address));
  return on_wire;
}

// Members and fingerprint come from one view, so that a change in between cannot mix them.
locator::RingState state_of(const RingView& view, const std::string& placement) {
  locator::RingState state;
  state.members = wire_addresses(view.members());
  state.view = static_cast<std::int64_t>(view.fingerprint());
  state.placement = placement;
  state.leaving = wire_addresses(view.leaving());
  return state;
}

}  // namespace

void add_ring_methods(Methods& methods, std::shared_ptr<ring::LocatorImpl> locator) {
  using namespace ::locator;
  methods.on<Ring_state_args, Ring_state_presult>("state", [locator](auto&, auto answer) {
    auto kept = std::make_shared<Answer<Ring_state_presult>>(std::move(answer));
    locator->when_joined([locator, kept] { (*kept)(state_of(*locator->shared_view(), locator->placement())); });
  });
}

}  // namespace p2p::wire
