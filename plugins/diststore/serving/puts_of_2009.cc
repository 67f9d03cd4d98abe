#include "serving/puts_of_2009.h"

#include <algorithm>

namespace p2p::diststore {
namespace {

template <class Nodes>
bool is_any_not_ours(const Store& store, const Nodes& nodes) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const Location& node) { return !store.classics->knows_as_ours(node); });
}

}  // namespace

std::vector<Location> former_owners(const Store& store, const Standing& standing, std::string_view key) {
  auto owners = standing.former_owners(key);
  std::erase_if(owners, [&](const Location& owner) {
    return store.classics->was_of_2009(owner) && !standing.is_leaving(owner) && !standing.is_next(owner, key);
  });
  return owners;
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
