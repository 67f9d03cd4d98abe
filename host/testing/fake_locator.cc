#include "testing/fake_locator.h"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <utility>

namespace p2p::testing {
namespace {

bool contains(const std::vector<Location>& members, const Location& location) {
  return std::find(members.begin(), members.end(), location) != members.end();
}

// False, and nothing was called, when the registration has ended.
template <class Called, class Run>
bool call_if_open(Registered<Called>& registered, Run run) {
  const std::lock_guard hold(registered.gate);
  if (registered.is_closed) return false;
  run(registered.called);
  return true;
}

template <class Called>
void close(Registered<Called>& registered) {
  const std::lock_guard hold(registered.gate);
  registered.is_closed = true;
}

}  // namespace

// One way along the layers. It does not hold the layer that it waits for, which may hold its `next` and with it the
// walk.
struct FakeLocator::Parts::Walk {
  Change change;
  std::shared_ptr<const RingView> ring_without_self;    // of cleanup
  std::deque<std::shared_ptr<RegisteredLayer>> layers;  // those that are not called yet
};

FakeLocator::Parts::Parts() : view_(std::make_shared<FakeView>(Location(), std::vector<Location>(), NamedOwners())) {}

// --- the plugin's
// ------------------------------------------------------------------------------------------------------------

void FakeLocator::Parts::begin(Context& context) {
  const std::lock_guard hold(mutex_);
  running_ = {context.strand("ring"), &context.log()};
  self_ = context.node().self;
  if (members_.empty()) members_ = {self_};
  view_.publish(std::make_shared<FakeView>(self_, members_, named_));
}

void FakeLocator::Parts::drain(Completion done) {
  auto kept = std::make_shared<Completion>(std::move(done));
  enqueue({.kind = Change::Kind::cleanup, .ended = [kept] { (*kept)(); }});
}

void FakeLocator::Parts::end() {
  Running ended;
  const std::lock_guard hold(mutex_);
  std::swap(ended, running_);
}

// --- the test's
// --------------------------------------------------------------------------------------------------------------

void FakeLocator::Parts::change_and_wait(Change change, Duration patience) {
  auto promise = std::make_shared<std::promise<void>>();
  auto ended = promise->get_future();
  change.ended = [promise] { promise->set_value(); };
  if (running().strand == nullptr) throw std::logic_error("the fake locator's node does not run");
  enqueue(std::move(change));
  if (ended.wait_for(patience) == std::future_status::ready) return;
  const std::lock_guard hold(mutex_);
  throw std::runtime_error("the change of the ring has not ended after " + format_duration(patience) +
                           (awaited_.empty() ? "" : ": ring layer '" + awaited_ + "' has not called its next"));
}

void FakeLocator::Parts::name_owner(const std::string& key, const Location& owner) {
  const std::lock_guard hold(mutex_);
  named_.insert_or_assign(key, owner);
}

std::vector<Location> FakeLocator::Parts::members() const {
  const std::lock_guard hold(mutex_);
  return members_;
}

Location FakeLocator::Parts::self() const {
  const std::lock_guard hold(mutex_);
  return self_;
}

std::vector<Location> FakeLocator::Parts::reported_unreachable() const {
  const std::lock_guard hold(mutex_);
  return unreachable_;
}

// --- services'
// ---------------------------------------------------------------------------------------------------------------

std::shared_ptr<const RingView> FakeLocator::Parts::ring_of(std::vector<Location> members) const {
  const std::lock_guard hold(mutex_);
  return std::make_shared<FakeView>(self_, std::move(members), named_);
}

Subscription FakeLocator::Parts::push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) {
  auto added = std::make_shared<RegisteredLayer>();
  added->priority = priority;
  added->name = std::move(name);
  added->called = std::move(layer);
  const std::lock_guard hold(mutex_);
  const auto behind = std::upper_bound(layers_.begin(), layers_.end(), priority,
                                       [](int wanted, const auto& other) { return wanted > other->priority; });
  layers_.insert(behind, added);
  return Subscription([weak = weak_from_this(), added] {
    if (const auto parts = weak.lock()) {
      const std::lock_guard hold_again(parts->mutex_);
      std::erase(parts->layers_, added);
    }
    close(*added);
  });
}

Subscription FakeLocator::Parts::subscribe(std::string name, std::function<void(const RingChange&)> listener) {
  auto added = std::make_shared<RegisteredListener>();
  added->name = std::move(name);
  added->called = std::move(listener);
  const std::lock_guard hold(mutex_);
  listeners_.push_back(added);
  return Subscription([weak = weak_from_this(), added] {
    if (const auto parts = weak.lock()) {
      const std::lock_guard hold_again(parts->mutex_);
      std::erase(parts->listeners_, added);
    }
    close(*added);
  });
}

void FakeLocator::Parts::join(const Location& joiner) { add(joiner, {}); }

void FakeLocator::Parts::add(const Location& location, std::vector<Location>) {
  enqueue({.kind = Change::Kind::add, .location = location, .only_news = true});
}

void FakeLocator::Parts::remove(const Location& location, std::vector<Location>) {
  enqueue({.kind = Change::Kind::remove, .location = location});
}

void FakeLocator::Parts::log_view() const {
  const Running now = running();
  if (now.log == nullptr) return;
  for (const Location& member : members()) now.log->info("member {}", member.name());
}

void FakeLocator::Parts::report_unreachable(const Location& member) {
  const std::lock_guard hold(mutex_);
  unreachable_.push_back(member);
}

// --- changes of the ring
// -----------------------------------------------------------------------------------------------------

FakeLocator::Parts::Running FakeLocator::Parts::running() const {
  const std::lock_guard hold(mutex_);
  return running_;
}

void FakeLocator::Parts::enqueue(Change change) {
  const Running now = running();
  if (now.strand == nullptr) return;
  now.strand->post([self = shared_from_this(), change = std::move(change)] {
    self->waiting_.push_back(change);
    self->start_next();
  });
}

void FakeLocator::Parts::start_next() {
  if (is_changing_ || waiting_.empty()) return;
  is_changing_ = true;
  Change change = std::move(waiting_.front());
  waiting_.pop_front();
  run(std::move(change));
}

void FakeLocator::Parts::run(Change change) {
  auto walk = std::make_shared<Walk>();
  const bool is_member = contains(members(), change.location);
  switch (change.kind) {
    case Change::Kind::publish:
      publish(change.members);
      return change_ended(change);
    case Change::Kind::add:
      if (change.only_news && is_member) return change_ended(change);
      break;
    case Change::Kind::remove:
      if (!is_member) return change_ended(change);
      break;
    case Change::Kind::cleanup: {
      if (std::exchange(has_cleaned_up_, true)) return change_ended(change);
      auto rest = members();
      std::erase(rest, self());
      publish(rest);
      walk->ring_without_self = shared_view();
      break;
    }
  }
  walk->change = std::move(change);
  {
    const std::lock_guard hold(mutex_);
    walk->layers.assign(layers_.begin(), layers_.end());
  }
  advance(walk);
}

void FakeLocator::Parts::advance(const std::shared_ptr<Walk>& walk) {
  while (!walk->layers.empty()) {
    const auto layer = std::move(walk->layers.front());
    walk->layers.pop_front();
    {
      const std::lock_guard hold(mutex_);
      awaited_ = layer->name;
    }
    if (call_if_open(*layer, [&](const auto& called) { call(*called, walk); })) return;
  }
  {
    const std::lock_guard hold(mutex_);
    awaited_.clear();
  }
  apply(walk->change);
}

void FakeLocator::Parts::call(RingLayer& layer, const std::shared_ptr<Walk>& walk) {
  const Running now = running();
  try {
    switch (walk->change.kind) {
      case Change::Kind::add:
        return layer.add(walk->change.location, next_of(walk));
      case Change::Kind::remove:
        return layer.remove(walk->change.location, next_of(walk));
      case Change::Kind::cleanup:
        return layer.cleanup(walk->ring_without_self, next_of(walk));
      case Change::Kind::publish:
        return;
    }
  } catch (const std::exception& failure) {
    if (now.log != nullptr) now.log->error("a ring layer threw: {}; the change goes on without it", failure.what());
  } catch (...) {
    if (now.log != nullptr) now.log->error("a ring layer threw something that is no std::exception");
  }
}

// A Completion runs once, whatever the layer does with it, and at the latest when the layer lets go of it.
Next FakeLocator::Parts::next_of(const std::shared_ptr<Walk>& walk) {
  return Next([self = shared_from_this(), walk] {
    const Running now = self->running();
    if (now.strand == nullptr) return;  // the node has ended, and its ring with it
    if (now.strand->runs_here()) {
      self->advance(walk);
    } else {
      now.strand->post([self, walk] { self->advance(walk); });
    }
  });
}

void FakeLocator::Parts::apply(const Change& change) {
  auto after = members();
  if (change.kind == Change::Kind::add) {
    after.push_back(change.location);
    publish(after);
  }
  if (change.kind == Change::Kind::remove) {
    std::erase(after, change.location);
    publish(after);
  }
  // Posted, because this may run within a layer that still has work to do behind its `next`.
  if (const Running now = running(); now.strand != nullptr) {
    now.strand->post([self = shared_from_this(), change] { self->change_ended(change); });
  }
}

void FakeLocator::Parts::publish(std::vector<Location> members) {
  RingChange change;
  std::vector<std::shared_ptr<RegisteredListener>> listeners;
  Running now;
  {
    const std::lock_guard hold(mutex_);
    const auto view = std::make_shared<FakeView>(self_, std::move(members), named_);
    for (const Location& member : view->members()) {
      if (!contains(members_, member)) change.added.push_back(member);
    }
    for (const Location& member : members_) {
      if (!contains(view->members(), member)) change.removed.push_back(member);
    }
    members_ = view->members();
    change.view = view;
    listeners = listeners_;
    now = running_;
  }
  view_.publish(change.view);
  for (const auto& listener : listeners) {
    try {
      call_if_open(*listener, [&](const auto& told) { told(change); });
    } catch (const std::exception& failure) {
      if (now.log != nullptr) now.log->error("listener '{}' of ring changes threw: {}", listener->name, failure.what());
    } catch (...) {
      if (now.log != nullptr) now.log->error("listener '{}' threw something that is no std::exception", listener->name);
    }
  }
}

void FakeLocator::Parts::change_ended(const Change& change) {
  is_changing_ = false;
  if (change.ended) change.ended();
  start_next();
}

// --- what the test holds
// -----------------------------------------------------------------------------------------------------

FakeLocator::FakeLocator(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}
FakeLocator::~FakeLocator() = default;

Location FakeLocator::self() const { return parts_->self(); }
std::shared_ptr<const RingView> FakeLocator::view() const { return parts_->shared_view(); }

void FakeLocator::set_members(std::vector<Location> members) {
  parts_->change_and_wait({.kind = Parts::Change::Kind::publish, .members = std::move(members)}, kPatience);
}

void FakeLocator::set_owner(const std::string& key, const Location& owner) {
  parts_->name_owner(key, owner);
  set_members(parts_->members());
}

void FakeLocator::run_add(const Location& joined, Duration patience) {
  parts_->change_and_wait({.kind = Parts::Change::Kind::add, .location = joined}, patience);
}

void FakeLocator::run_remove(const Location& left, Duration patience) {
  parts_->change_and_wait({.kind = Parts::Change::Kind::remove, .location = left}, patience);
}

void FakeLocator::run_cleanup(Duration patience) {
  parts_->change_and_wait({.kind = Parts::Change::Kind::cleanup}, patience);
}

std::vector<Location> FakeLocator::reported_unreachable() const { return parts_->reported_unreachable(); }

// --- the plugin
// --------------------------------------------------------------------------------------------------------------

namespace {

class FakeLocatorPlugin final : public Plugin {
 public:
  explicit FakeLocatorPlugin(std::shared_ptr<FakeLocator::Parts> parts) : parts_(std::move(parts)) {}

  Result<Done> start(Context& context) override {
    parts_->begin(context);
    if (auto provided = context.provide<ILocator>(parts_); !provided.ok()) return provided;
    ServiceSpec spec;
    spec.idl = "locator.Locator";
    spec.extends = {"locator.Base"};
    spec.dispatch = Dispatch::io;
    auto methods = std::make_shared<Methods>();
    add_locator_methods(*methods, context, spec, parts_);
    return context.serve(spec, methods);
  }
  void drain(Completion done) override { parts_->drain(std::move(done)); }
  void stop() override { parts_->end(); }

 private:
  const std::shared_ptr<FakeLocator::Parts> parts_;
};

}  // namespace

std::shared_ptr<Plugin> make_fake_locator_plugin(std::shared_ptr<FakeLocator::Parts> parts) {
  return std::make_shared<FakeLocatorPlugin>(std::move(parts));
}

}  // namespace p2p::testing
