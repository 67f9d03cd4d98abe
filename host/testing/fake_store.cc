#include "testing/fake_store.h"

#include <exception>
#include <utility>

namespace p2p::testing {
namespace {

class FakeSpace final : public Space {
 public:
  FakeSpace(std::string name, SpaceOptions options, std::shared_ptr<FakeStore::Parts> parts)
      : name_(std::move(name)), options_(options), parts_(std::move(parts)) {}

  void read(std::string route_key, std::string sub_key, Then<std::optional<StateValue>> then) override {
    FakeStore::Parts::Entry entry = parts_->entry({name_, std::move(route_key)});
    const auto found = entry.values.find(sub_key);
    if (found == entry.values.end()) return then(std::optional<StateValue>());
    then(std::optional(StateValue{std::move(found->second), entry.version}));
  }

  void scan(std::string route_key, std::optional<std::string> after, std::size_t items_max,
            Then<StatePage> then) override {
    FakeStore::Parts::Entry entry = parts_->entry({name_, std::move(route_key)});
    StatePage page{.items = {}, .is_last = true, .version = entry.version};
    auto at = after ? entry.values.upper_bound(*after) : entry.values.begin();
    for (; at != entry.values.end() && page.items.size() < items_max; ++at)
      page.items.push_back({at->first, at->second});
    page.is_last = at == entry.values.end();
    then(std::move(page));
  }

  // A conflict in which others always come first ends as that of a real store does.
  void update(std::string route_key, Change change, Then<StateVersion> then) override {
    then(parts_->update({name_, std::move(route_key)}, change, options_.conflicts_max));
  }

  void erase(std::string route_key, Then<StateVersion> then) override {
    update(
        std::move(route_key), [](RouteState& state) { state.clear(); }, std::move(then));
  }

 private:
  const std::string name_;
  const SpaceOptions options_;
  const std::shared_ptr<FakeStore::Parts> parts_;
};

class FakeStorePlugin final : public Plugin {
 public:
  explicit FakeStorePlugin(std::shared_ptr<FakeStore::Parts> parts) : parts_(std::move(parts)) {}

  Result<Done> start(Context& context) override { return context.provide<IStore>(parts_); }

 private:
  const std::shared_ptr<FakeStore::Parts> parts_;
};

}  // namespace

Result<std::shared_ptr<Space>> FakeStore::Parts::open(const std::string& name, SpaceOptions options) {
  return std::shared_ptr<Space>(std::make_shared<FakeSpace>(name, options, shared_from_this()));
}

FakeStore::Parts::Entry FakeStore::Parts::entry(const Key& key) const {
  const std::lock_guard hold(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? Entry{} : found->second;
}

void FakeStore::Parts::set(const Key& key, RouteState values) {
  const std::lock_guard hold(mutex_);
  write(key, std::move(values));
}

// With mutex_ held.
void FakeStore::Parts::write(const Key& key, RouteState values) {
  ++writes_;
  if (values.empty()) {
    entries_.erase(key);
  } else {
    entries_[key] = {std::move(values), {1, writes_}};
  }
}

void FakeStore::Parts::conflict_next(Space::Change meanwhile) {
  const std::lock_guard hold(mutex_);
  meanwhile_ = std::move(meanwhile);
}

void FakeStore::Parts::fail_next(Error error, Executed executed) {
  const std::lock_guard hold(mutex_);
  failure_.emplace(std::move(error), executed);
}

Result<StateVersion> FakeStore::Parts::update(const Key& key, const Space::Change& change, std::size_t conflicts_max) {
  for (std::size_t conflicts = 0; conflicts < conflicts_max; ++conflicts) {
    const Entry before = entry(key);
    RouteState values = before.values;
    try {
      change(values);
    } catch (const std::exception& failure) {
      return Error{ErrorKind::invalid, std::string("the change has thrown: ") + failure.what()};
    }
    if (values == before.values) return before.version;
    const std::lock_guard hold(mutex_);
    if (const auto meanwhile = std::exchange(meanwhile_, nullptr)) {
      RouteState others = entries_[key].values;
      meanwhile(others);
      write(key, std::move(others));
    }
    const auto found = entries_.find(key);
    if ((found == entries_.end() ? StateVersion{} : found->second.version) != before.version) continue;
    const auto failure = std::exchange(failure_, std::nullopt);
    if (!failure || failure->second == Executed::yes) write(key, std::move(values));
    if (failure) return failure->first;
    return StateVersion{1, writes_};
  }
  return Error{ErrorKind::overloaded, "others changed the same route key too often"};
}

FakeStore::FakeStore(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}
FakeStore::~FakeStore() = default;

RouteState FakeStore::state(const std::string& space, const std::string& route_key) const {
  return parts_->entry({space, route_key}).values;
}
void FakeStore::set_state(const std::string& space, const std::string& route_key, RouteState state) {
  parts_->set({space, route_key}, std::move(state));
}
void FakeStore::conflict_next(Space::Change meanwhile) { parts_->conflict_next(std::move(meanwhile)); }
void FakeStore::fail_next(Error error, Executed executed) { parts_->fail_next(std::move(error), executed); }

std::shared_ptr<Plugin> make_fake_store_plugin(std::shared_ptr<FakeStore::Parts> parts) {
  return std::make_shared<FakeStorePlugin>(std::move(parts));
}

}  // namespace p2p::testing
