#include "wire/ring_service.h"

#include "ring/owner_history.h"

#include <p2p/idl/Ring.h>

#include <mutex>
#include <utility>

namespace p2p::wire {
namespace {

using ring::OwnerHistory;

std::vector<locator::Location> wire_addresses(const std::vector<NodeAddress>& addresses) {
  std::vector<locator::Location> on_wire;
  on_wire.reserve(addresses.size());
  for (const NodeAddress& address : addresses) on_wire.push_back(p2p::to_wire(address));
  return on_wire;
}

// Members and fingerprint come from one view, so that a change in between cannot mix them.
locator::RingState state_on_ring(const RingView& view, const std::string& placement) {
  locator::RingState state;
  state.members = wire_addresses(view.members());
  state.view = static_cast<std::int64_t>(view.fingerprint());
  state.placement = placement;
  state.leaving = wire_addresses(view.leaving());
  return state;
}

locator::RingState state_in_partitions(const OwnerHistory::State& newest) {
  locator::RingState state;
  state.members = wire_addresses(newest.members);
  state.view = static_cast<std::int64_t>(newest.fingerprint);
  state.placement = placement::partitions_name(newest.partitions());
  state.leaving = wire_addresses(newest.leaving);
  state.__set_epoch(static_cast<std::int64_t>(newest.epoch));
  state.__set_owners(placement::bytes_of_owners(newest.owners));
  return state;
}

locator::RingDelta delta_of(const OwnerHistory::State& newest, OwnerHistory::Delta delta) {
  locator::RingDelta on_wire;
  on_wire.epoch = static_cast<std::int64_t>(newest.epoch);
  on_wire.view = static_cast<std::int64_t>(newest.fingerprint);
  if (delta.has_new_members) {
    on_wire.__set_members(wire_addresses(newest.members));
    on_wire.__set_leaving(wire_addresses(newest.leaving));
  }
  on_wire.__set_moved(std::move(delta.moved));
  return on_wire;
}

locator::RingDelta whole(locator::RingState state) {
  locator::RingDelta delta;
  delta.epoch = state.epoch;
  delta.view = state.view;
  delta.__set_whole(std::move(state));
  return delta;
}

// Tells clients what the locator shows. [any thread]
class RingTeller final {
 public:
  RingTeller(std::shared_ptr<ILocator> locator, std::function<std::uint32_t()> level_in_force)
      : locator_(std::move(locator)),
        level_in_force_(std::move(level_in_force)),
        views_(locator_->subscribe("ring service", [this](const RingChange&) { note_view(); })) {}

  void when_joined(std::function<void()> then) { locator_->when_joined(std::move(then)); }

  locator::RingState state() {
    const std::lock_guard hold(mutex_);
    const auto view = note_view_locked();
    if (view->partition_count() == 0) return state_on_ring(*view, locator_->placement());
    return whole_state();
  }

  locator::RingDelta state_since(std::uint64_t epoch, std::uint64_t fingerprint) {
    const std::lock_guard hold(mutex_);
    const auto view = note_view_locked();
    if (view->partition_count() == 0) return whole(state_on_ring(*view, locator_->placement()));
    auto delta = history_.since(epoch, fingerprint);
    if (!delta) return whole(whole_state());
    auto on_wire = delta_of(history_.newest(), std::move(*delta));
    if (level_in_force_) on_wire.__set_level(static_cast<std::int32_t>(level_in_force_()));
    return on_wire;
  }

 private:
  // It never falls, so that it may be looked at later than the rest.
  locator::RingState whole_state() const {
    auto state = state_in_partitions(history_.newest());
    if (level_in_force_) state.__set_level(static_cast<std::int32_t>(level_in_force_()));
    return state;
  }

  void note_view() {
    const std::lock_guard hold(mutex_);
    (void)note_view_locked();
  }

  // Read with the lock held, so that no older view is noted after a newer one.
  std::shared_ptr<const RingView> note_view_locked() {
    auto view = locator_->shared_view();
    if (view->partition_count() > 0) history_.add(*view);
    return view;
  }

  const std::shared_ptr<ILocator> locator_;
  const std::function<std::uint32_t()> level_in_force_;
  std::mutex mutex_;
  OwnerHistory history_;
  const Subscription views_;  // last: ends before what its listener uses
};

}  // namespace

void add_ring_methods(Methods& methods, std::shared_ptr<ILocator> locator,
                      std::function<std::uint32_t()> level_in_force) {
  using namespace ::locator;
  const auto teller = std::make_shared<RingTeller>(std::move(locator), std::move(level_in_force));
  methods.on<Ring_state_args, Ring_state_presult>("state", [teller](auto&, auto answer) {
    auto kept = std::make_shared<Answer<Ring_state_presult>>(std::move(answer));
    teller->when_joined([teller, kept] { (*kept)(teller->state()); });
  });
  methods.on<Ring_state_since_args, Ring_state_since_presult>("state_since", [teller](auto& args, auto answer) {
    auto kept = std::make_shared<Answer<Ring_state_since_presult>>(std::move(answer));
    const auto epoch = static_cast<std::uint64_t>(args.epoch);
    const auto fingerprint = static_cast<std::uint64_t>(args.view);
    teller->when_joined([teller, kept, epoch, fingerprint] { (*kept)(teller->state_since(epoch, fingerprint)); });
  });
}

}  // namespace p2p::wire
