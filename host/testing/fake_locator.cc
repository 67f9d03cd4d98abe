#include "testing/fake_locator.h"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <utility>

namespace p2p::testing {
namespace {

bool contains(const std::vector<NodeAddress>& members, const NodeAddress& address) {
  return std::find(members.begin(), members.end(), address) != members.end();
}

}  // namespace

FakeLocator::Parts::Parts()
    : view_(std::make_shared<FakeView>(NodeAddress(), std::vector<NodeAddress>(), NamedOwners())) {}

// --- the plugin's
// ------------------------------------------------------------------------------------------------------------

void FakeLocator::Parts::begin(Context& context) {
  const std::lock_guard hold(mutex_);
  const auto strand = context.strand("ring");
  running_ = {strand, &context.log(), std::make_shared<ring::LayerChain>(strand, context.log())};
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

void FakeLocator::Parts::name_owner(const std::string& key, const NodeAddress& owner) {
  const std::lock_guard hold(mutex_);
  named_.insert_or_assign(key, owner);
}

std::vector<NodeAddress> FakeLocator::Parts::members() const { return locked(members_); }
NodeAddress FakeLocator::Parts::self() const { return locked(self_); }
std::vector<NodeAddress> FakeLocator::Parts::reported_unreachable() const { return locked(unreachable_); }

// --- services'
// ---------------------------------------------------------------------------------------------------------------

std::shared_ptr<const RingView> FakeLocator::Parts::ring_of(std::vector<NodeAddress> members) const {
  const std::lock_guard hold(mutex_);
  return std::make_shared<FakeView>(self_, std::move(members), named_);
}

Subscription FakeLocator::Parts::push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) {
  const auto layers = running().layers;
  P2P_ASSERT(layers != nullptr, "services run while the locator that they require does");
  return layers->push(priority, std::move(name), std::move(layer));
}

Subscription FakeLocator::Parts::subscribe(std::string name, std::function<void(const RingChange&)> listener) {
  return listeners_.subscribe(std::move(name), std::move(listener));
}

void FakeLocator::Parts::join(const NodeAddress& joiner) { add(joiner, {}); }

void FakeLocator::Parts::add(const NodeAddress& address, std::vector<NodeAddress>) {
  enqueue({.kind = Change::Kind::add, .address = address, .only_news = true});
}

void FakeLocator::Parts::remove(const NodeAddress& address, std::vector<NodeAddress>) {
  enqueue({.kind = Change::Kind::remove, .address = address});
}

void FakeLocator::Parts::log_view() const {
  const Running now = running();
  if (now.log == nullptr) return;
  for (const NodeAddress& member : members()) now.log->info("member {}", member.name());
}

void FakeLocator::Parts::report_unreachable(const NodeAddress& member) {
  const std::lock_guard hold(mutex_);
  unreachable_.push_back(member);
}

// --- changes of the ring
// -----------------------------------------------------------------------------------------------------

FakeLocator::Parts::Running FakeLocator::Parts::running() const { return locked(running_); }

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
  const bool is_member = contains(members(), change.address);
  switch (change.kind) {
    case Change::Kind::publish:
      publish(change.members);
      return change_ended(change);
    case Change::Kind::add:
      if (change.only_news && is_member) return change_ended(change);
      return run_layers(ring::LayerStep::add, std::move(change));
    case Change::Kind::remove:
      if (!is_member) return change_ended(change);
      return run_layers(ring::LayerStep::remove, std::move(change));
    case Change::Kind::cleanup: {
      if (std::exchange(has_cleaned_up_, true)) return change_ended(change);
      auto rest = members();
      std::erase(rest, self());
      publish(rest);
      return run_layers(ring::LayerStep::cleanup, std::move(change));
    }
  }
}

// A layer may take as long as the test's patience allows.
void FakeLocator::Parts::run_layers(ring::LayerStep step, Change change) {
  const auto layers = running().layers;
  if (layers == nullptr) return;  // the node has ended, and its ring with it
  ring::LayerCall call{step, change.address, shared_view(), std::nullopt};
  call.has_turn = [self = shared_from_this()](const std::string& layer) { self->await(layer); };
  layers->run(std::move(call), [self = shared_from_this(), change = std::move(change)] {
    self->await("");
    self->apply(change);
  });
}

void FakeLocator::Parts::await(const std::string& layer) {
  const std::lock_guard hold(mutex_);
  awaited_ = layer;
}

void FakeLocator::Parts::apply(const Change& change) {
  auto after = members();
  if (change.kind == Change::Kind::add) {
    after.push_back(change.address);
    publish(after);
  }
  if (change.kind == Change::Kind::remove) {
    std::erase(after, change.address);
    publish(after);
  }
  // Posted, because this may run within a layer that still has work to do behind its `next`.
  if (const Running now = running(); now.strand != nullptr) {
    now.strand->post([self = shared_from_this(), change] { self->change_ended(change); });
  }
}

void FakeLocator::Parts::publish(std::vector<NodeAddress> members) {
  RingChange change;
  {
    const std::lock_guard hold(mutex_);
    const auto view = std::make_shared<FakeView>(self_, std::move(members), named_);
    for (const NodeAddress& member : view->members()) {
      if (!contains(members_, member)) change.added.push_back(member);
    }
    for (const NodeAddress& member : members_) {
      if (!contains(view->members(), member)) change.removed.push_back(member);
    }
    members_ = view->members();
    change.view = view;
  }
  view_.publish(change.view);
  if (Logger* log = running().log; log != nullptr) listeners_.tell(change, *log);
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

NodeAddress FakeLocator::self() const { return parts_->self(); }
std::shared_ptr<const RingView> FakeLocator::view() const { return parts_->shared_view(); }

void FakeLocator::set_members(std::vector<NodeAddress> members) {
  parts_->change_and_wait({.kind = Parts::Change::Kind::publish, .members = std::move(members)}, kPatience);
}

void FakeLocator::set_owner(const std::string& key, const NodeAddress& owner) {
  parts_->name_owner(key, owner);
  set_members(parts_->members());
}

void FakeLocator::set_lease_held_until(TimePoint until) { parts_->hold_lease_until(until); }

void FakeLocator::run_add(const NodeAddress& joined, Duration patience) {
  parts_->change_and_wait({.kind = Parts::Change::Kind::add, .address = joined}, patience);
}

void FakeLocator::run_remove(const NodeAddress& left, Duration patience) {
  parts_->change_and_wait({.kind = Parts::Change::Kind::remove, .address = left}, patience);
}

void FakeLocator::run_cleanup(Duration patience) {
  parts_->change_and_wait({.kind = Parts::Change::Kind::cleanup}, patience);
}

std::vector<NodeAddress> FakeLocator::reported_unreachable() const { return parts_->reported_unreachable(); }

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
