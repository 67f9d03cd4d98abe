// The forms of a space's calls that follow from the others.
#include <p2p/store.h>

#include <utility>

namespace p2p {
namespace {

template <class T>
std::pair<Space::Then<T>, std::future<Result<T>>> promised() {
  const auto promise = std::make_shared<std::promise<Result<T>>>();
  return {[promise](Result<T> result) { promise->set_value(std::move(result)); }, promise->get_future()};
}

Space::Change change_of_one(std::string sub_key, Space::ChangeOne change) {
  return [sub_key = std::move(sub_key), change = std::move(change)](RouteState& state) {
    const auto found = state.find(sub_key);
    std::optional<std::string> value;
    if (found != state.end()) value = found->second;
    change(value);
    if (value) {
      state.insert_or_assign(sub_key, *std::move(value));
    } else if (found != state.end()) {
      state.erase(found);
    }
  };
}

}  // namespace

Space::~Space() = default;
IStore::~IStore() = default;

void Space::update_one(std::string route_key, std::string sub_key, ChangeOne change, Then<StateVersion> then) {
  update(std::move(route_key), change_of_one(std::move(sub_key), std::move(change)), std::move(then));
}

std::future<Result<std::optional<StateValue>>> Space::read(std::string route_key, std::string sub_key) {
  auto [then, future] = promised<std::optional<StateValue>>();
  read(std::move(route_key), std::move(sub_key), std::move(then));
  return std::move(future);
}

std::future<Result<StatePage>> Space::scan(std::string route_key, std::optional<std::string> after,
                                           std::size_t items_max) {
  auto [then, future] = promised<StatePage>();
  scan(std::move(route_key), std::move(after), items_max, std::move(then));
  return std::move(future);
}

std::future<Result<StateVersion>> Space::update(std::string route_key, Change change) {
  auto [then, future] = promised<StateVersion>();
  update(std::move(route_key), std::move(change), std::move(then));
  return std::move(future);
}

std::future<Result<StateVersion>> Space::update_one(std::string route_key, std::string sub_key, ChangeOne change) {
  return update(std::move(route_key), change_of_one(std::move(sub_key), std::move(change)));
}

std::future<Result<StateVersion>> Space::erase(std::string route_key) {
  auto [then, future] = promised<StateVersion>();
  erase(std::move(route_key), std::move(then));
  return std::move(future);
}

}  // namespace p2p
