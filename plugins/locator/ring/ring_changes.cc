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
  if (!joins && !members_.contains(change.location.name()))
    return apply(change);  // off the ring already: none of theirs
  LayerCall call{joins ? LayerStep::add : LayerStep::remove, change.location, nullptr, options_.layer_timeout};
  layers_.run(std::move(call), [self = shared_from_this(), change] { self->apply(change); });
}

void RingChanges::apply(const membership::RingChange& change) {
  p2p::RingChange told;
  const std::string name = change.location.name();
  switch (change.kind) {
    case ChangeKind::joined:
    case ChangeKind::restarted:
      members_[name] = change.location;
      leaving_.erase(name);
      told.added.push_back(change.location);
      break;
    case ChangeKind::leaving:
    case ChangeKind::left:
      if (members_.erase(name) > 0) told.removed.push_back(change.location);
      leaving_.erase(name);
      if (change.kind == ChangeKind::leaving) leaving_[name] = change.location;
      break;
    case ChangeKind::gone:
      leaving_.erase(name);
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

void RingChanges::withdraw() {
  members_.erase(options_.self.name());
  publish({{}, {options_.self}, nullptr});
}

void RingChanges::clean_up(std::function<void()> then) {
  LayerCall call{LayerStep::cleanup, {}, view_of_members(), {}};
  layers_.run(std::move(call), std::move(then));
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

namespace {

std::vector<Location> values_of(const std::map<std::string, Location>& by_name) {
  std::vector<Location> values;
  values.reserve(by_name.size());
  for (const auto& [name, location] : by_name) values.push_back(location);
  return values;
}

}  // namespace

std::shared_ptr<const RingView> RingChanges::view_of_members() const {
  return std::make_shared<MemberView>(values_of(members_), values_of(leaving_), options_.self, *placement_);
}

std::shared_ptr<const RingView> RingChanges::ring_of(std::vector<Location> members) const {
  return std::make_shared<MemberView>(std::move(members), std::vector<Location>{}, options_.self, *placement_);
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
