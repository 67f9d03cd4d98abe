#include "serving/puts_of_2009.h"

#include <algorithm>

namespace p2p::diststore {
namespace {

bool is_any_not_ours(const Store& store, const std::vector<Location>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const Location& node) { return !store.classics->knows_as_ours(node); });
}

// Of the nodes that would own `key` one after the other, but for this one; empty: there is none.
Location first_of_ours(const Store& store, const Standing& standing, std::string_view key) {
  for (const Location& node : standing.ring->owners_of(key, standing.ring->members().size())) {
    if (node != standing.self && store.classics->knows_as_ours(node)) return node;
  }
  return {};
}

}  // namespace

std::vector<Location> former_owners(const Store& store, const Standing& standing, std::string_view key) {
  auto owners = standing.former_owners(key);
  std::erase_if(owners, [&](const Location& owner) {
    return store.classics->was_of_2009(owner) && !standing.is_leaving(owner) && !standing.is_next(owner, key);
  });
  return owners;
}

std::vector<Location> givers_to(const Store& store, const Standing& standing, const Location& owner,
                                std::string_view key) {
  const auto is_known = [&](const Location& holder) {
    return holder.empty() || !store.classics->was_of_2009(holder) || standing.may_give(holder, owner);
  };
  Location holder = standing.holder_before(owner, key);
  for (std::size_t step = 0; !is_known(holder); ++step) {
    // Who joined before whom is not known of all: of ours, the first behind them has held it.
    holder = step < standing.gifts.size() ? standing.holder_before(holder, key) : first_of_ours(store, standing, key);
  }
  if (holder.empty() || holder == standing.self) return {};
  return {std::move(holder)};
}

bool may_come_by_put(const Store& store, const Standing& standing, std::string_view key) {
  if (is_any_not_ours(store, standing.leavers_with(key))) return true;
  if (standing.gains.empty() || !standing.owner_of(key).is_self) return false;
  const auto sources = standing.all_sources();
  return std::any_of(sources.begin(), sources.end(), [&](const Location& source) {
    return store.classics->was_of_2009(source) && standing.is_next(source, key);
  });
}

bool is_given_by_puts(const Store& store, const Standing& standing) {
  if (!standing.has_joined()) return is_any_not_ours(store, standing.others());
  return std::any_of(standing.gains.begin(), standing.gains.end(),
                     [&](const Gain& gain) { return gain.is_join && is_any_not_ours(store, gain.sources); });
}

bool may_get_puts_for_others(const Store& store, const Standing& standing) {
  return is_any_not_ours(store, standing.ring->leaving()) || is_given_by_puts(store, standing);
}

}  // namespace p2p::diststore
