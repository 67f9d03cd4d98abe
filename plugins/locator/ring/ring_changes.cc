#include "ring/ring_changes.h"

#include "ring/call_gate.h"

#include <exception>
#include <utility>

namespace p2p::ring {

using membership::ChangeKind;

struct RingChanges::Listener {
  std::string name;
  std::function<void(const p2p::RingChange&)> told;
  CallGate gate;
};

RingChanges::RingChanges(Options options, std::shared_ptr<const placement::Placement> placement,
                         std::shared_ptr<Strand> strand, Logger& log)
    : options_(std::move(options)),
      placement_(std::move(placement)),
      strand_(std::move(strand)),
      log_(log),
      layers_(strand_, log),
      members_{{options_.self.name(), options_.self}},
      view_(view_of_members()),
      listeners_(std::make_shared<Listeners>()) {}

void RingChanges::enqueue(membership::RingChange change) {
  waiting_.push_back(std::move(change));
  start_next();
}

void RingChanges::start_next() {
  if (is_changing_ || waiting_.empty()) return;
  is_changing_ = true;
  const bool in_haste = waiting_.size() > kChangesWaitingMax;
  membership::RingChange change = std::move(waiting_.front());
  waiting_.pop_front();
  if (in_haste) {
    log_.error("more than {} changes of the ring wait: {} passes without the layers", kChangesWaitingMax,
               change.location.name());
    apply(change);
    return;
  }
  const bool joins = change.kind == ChangeKind::joined || change.kind == ChangeKind::restarted;
  LayerCall call{joins ? LayerStep::add : LayerStep::remove, change.location, nullptr, options_.layer_timeout};
  layers_.run(std::move(call), [self = shared_from_this(), change] { self->apply(change); });
}

void RingChanges::apply(const membership::RingChange& change) {
  p2p::RingChange told;
  switch (change.kind) {
    case ChangeKind::joined:
    case ChangeKind::restarted:
      members_[change.location.name()] = change.location;
      told.added.push_back(change.location);
      break;
    case ChangeKind::left:
    case ChangeKind::given_up:
      members_.erase(change.location.name());
      told.removed.push_back(change.location);
      break;
  }
  publish(std::move(told));
  // Posted, because this may run within a layer that still has work to do behind its `next`.
  strand_->post([self = shared_from_this()] { self->change_ended(); });
}

void RingChanges::change_ended() {
  is_changing_ = false;
  start_next();
  if (is_changing_) return;
  for (auto& waiter : std::exchange(idle_waiters_, {})) waiter();
}

void RingChanges::when_idle(std::function<void()> then) {
  if (is_changing_ || !waiting_.empty()) {
    idle_waiters_.push_back(std::move(then));
  } else {
    then();
  }
}

void RingChanges::leave(std::function<void()> then) {
  auto without_self = members_;
  without_self.erase(options_.self.name());
  std::vector<Location> others;
  for (const auto& [name, location] : without_self) others.push_back(location);
  LayerCall call{
      LayerStep::cleanup, {}, std::make_shared<MemberView>(std::move(others), options_.self, *placement_), {}};
  layers_.run(std::move(call), [self = shared_from_this(), then = std::move(then)] {
    self->members_.erase(self->options_.self.name());
    self->publish({{}, {self->options_.self}, nullptr});
    then();
  });
}

void RingChanges::publish(p2p::RingChange change) {
  change.view = view_of_members();
  view_.publish(change.view);
  view_changes_.fetch_add(1, std::memory_order_relaxed);
  for (const auto& listener : listeners()) {
    listener->gate.run([&] {
      try {
        listener->told(change);
      } catch (const std::exception& failure) {
        log_.error("listener '{}' of ring changes threw: {}", listener->name, failure.what());
      } catch (...) {
        log_.error("listener '{}' of ring changes threw something that is no std::exception", listener->name);
      }
    });
  }
}

std::shared_ptr<const RingView> RingChanges::view_of_members() const {
  std::vector<Location> members;
  members.reserve(members_.size());
  for (const auto& [name, location] : members_) members.push_back(location);
  return std::make_shared<MemberView>(std::move(members), options_.self, *placement_);
}

std::vector<std::shared_ptr<RingChanges::Listener>> RingChanges::listeners() const {
  const std::lock_guard hold(listeners_->mutex);
  return listeners_->all;
}

Subscription RingChanges::subscribe(std::string name, std::function<void(const p2p::RingChange&)> listener) {
  auto added = std::make_shared<Listener>();
  added->name = std::move(name);
  added->told = std::move(listener);
  {
    const std::lock_guard hold(listeners_->mutex);
    listeners_->all.push_back(added);
  }
  return Subscription([listeners = listeners_, added] {
    {
      const std::lock_guard hold(listeners->mutex);
      std::erase(listeners->all, added);
    }
    added->gate.close();
  });
}

}  // namespace p2p::ring
