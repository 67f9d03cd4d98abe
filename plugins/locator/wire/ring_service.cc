#include "wire/ring_service.h"

#include <p2p/idl/Ring.h>

#include <utility>

namespace p2p::wire {
namespace {

std::vector<locator::Location> wire_locations(const std::vector<Location>& locations) {
  std::vector<locator::Location> on_wire;
  on_wire.reserve(locations.size());
  for (const Location& location : locations) on_wire.push_back(p2p::to_wire(location));
  return on_wire;
}

// Members and fingerprint of one view: a change between two looks must not mix them.
locator::RingState state_of(const RingView& view, const std::string& placement) {
  locator::RingState state;
  state.members = wire_locations(view.members());
  state.view = static_cast<std::int64_t>(view.fingerprint());
  state.placement = placement;
  state.leaving = wire_locations(view.leaving());
  return state;
}

}  // namespace

void add_ring_methods(Methods& methods, std::shared_ptr<ring::Front> front) {
  using namespace ::locator;
  methods.on<Ring_state_args, Ring_state_presult>("state", [front](auto&, auto answer) {
    auto kept = std::make_shared<Answer<Ring_state_presult>>(std::move(answer));
    front->when_settled([front, kept] { (*kept)(state_of(*front->shared_view(), front->placement())); });
  });
}

}  // namespace p2p::wire
