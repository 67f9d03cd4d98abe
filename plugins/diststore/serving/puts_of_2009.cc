#include "serving/puts_of_2009.h"

#include <algorithm>

namespace p2p::diststore {
namespace {

template <class Nodes>
bool is_any_not_ours(const Store& store, const Nodes& nodes) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const Location& node) { return !store.classics->knows_as_ours(node); });
}

// This node joins, and one that stays may not have given it all that it gains.
bool is_still_given(const Store& store, const Standing& standing) {
  if (!standing.has_joined()) return is_any_not_ours(store, standing.others());
  return std::any_of(standing.gains.begin(), standing.gains.end(),
                     [&](const Gain& gain) { return gain.is_join && is_any_not_ours(store, gain.sources); });
}

}  // namespace

std::vector<Location> former_owners(const Store& store, const Standing& standing, std::string_view key) {
  auto owners = standing.former_owners(key);
  std::erase_if(owners, [&](const Location& owner) {
    return store.classics->knows(owner) && !standing.is_leaving(owner) && !standing.is_next(owner, key);
  });
  return owners;
}

bool may_come_by_put(const Store& store, std::string_view key) {
  const Standing& standing = store.standing->read();
  if (is_any_not_ours(store, standing.leavers_with(key))) return true;
  if (standing.gains.empty() || !standing.owner_of(key).is_self) return false;
  const auto owners = former_owners(store, standing, key);
  return std::any_of(owners.begin(), owners.end(), [&](const Location& owner) {
    const bool is_of_2009 =
        standing.is_leaving(owner) ? !store.classics->knows_as_ours(owner) : store.classics->knows(owner);
    return is_of_2009 && standing.awaits_from(owner);
  });
}

bool may_get_puts_for_others(const Store& store) {
  const Standing& standing = store.standing->read();
  return is_any_not_ours(store, standing.ring->leaving()) || is_still_given(store, standing);
}

bool may_be_handed_over_here(const Store& store, std::string_view key) {
  const Standing& standing = store.standing->read();
  return is_any_not_ours(store, standing.leavers_with(key)) || is_still_given(store, standing);
}

}  // namespace p2p::diststore
