#include "classic/classic_puts.h"

#include <algorithm>

namespace p2p::diststore {
namespace {

bool is_any_not_ours(const ClassicStore& store, const std::vector<NodeAddress>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const NodeAddress& node) { return !store.classics->knows_as_ours(node); });
}

// The first node of ours, without this one, in the order of successive owners of `key`; empty: there is none.
NodeAddress first_of_ours(const ClassicStore& store, const OwnershipSnapshot& ownership, std::string_view key) {
  for (const NodeAddress& node : ownership.ring->owners_of(key, ownership.ring->members().size())) {
    if (node != ownership.self && store.classics->knows_as_ours(node)) return node;
  }
  return {};
}

}  // namespace

std::vector<NodeAddress> former_owners(const ClassicStore& store, const OwnershipSnapshot& ownership,
                                       std::string_view key) {
  auto owners = ownership.former_owners(key);
  // Off the ring this node is next to nobody: what it still awaits may be at any of them.
  const auto& members = ownership.ring->members();
  if (std::find(members.begin(), members.end(), ownership.self) == members.end()) return owners;
  std::erase_if(owners, [&](const NodeAddress& owner) {
    return store.classics->was_of_2009(owner) && !ownership.is_leaving(owner) && !ownership.is_next(owner, key);
  });
  return owners;
}

std::vector<NodeAddress> givers_to(const ClassicStore& store, const OwnershipSnapshot& ownership,
                                   const NodeAddress& owner, std::string_view key) {
  const auto is_known = [&](const NodeAddress& holder) {
    return holder.empty() || !store.classics->was_of_2009(holder) || ownership.may_give(holder, owner);
  };
  NodeAddress holder = ownership.holder_before(owner, key);
  for (std::size_t step = 0; !is_known(holder); ++step) {
    // The order in which they joined is not fully known: the first node of ours after them held the key.
    holder =
        step < ownership.gifts.size() ? ownership.holder_before(holder, key) : first_of_ours(store, ownership, key);
  }
  if (holder.empty() || holder == ownership.self) return {};
  return {std::move(holder)};
}

bool may_come_by_put(const ClassicStore& store, const OwnershipSnapshot& ownership, std::string_view key) {
  if (is_any_not_ours(store, ownership.leavers_with(key))) return true;
  if (ownership.acquired_ranges.empty() || !ownership.owner_of(key).is_self) return false;
  const auto sources = ownership.all_sources();
  return std::any_of(sources.begin(), sources.end(), [&](const NodeAddress& source) {
    return store.classics->was_of_2009(source) && ownership.is_next(source, key);
  });
}

bool comes_by_put(const ClassicStore& store, const OwnershipSnapshot& ownership, std::string_view key) {
  const auto leavers = ownership.leavers_with(key);
  return may_come_by_put(store, ownership, key) &&
         std::all_of(leavers.begin(), leavers.end(),
                     [&](const NodeAddress& node) { return store.classics->was_of_2009(node); });
}

bool is_given_by_puts(const ClassicStore& store, const OwnershipSnapshot& ownership) {
  if (!ownership.has_joined()) return is_any_not_ours(store, ownership.others());
  return std::any_of(ownership.acquired_ranges.begin(), ownership.acquired_ranges.end(),
                     [&](const AcquiredRange& acquired_range) {
                       return acquired_range.is_join && is_any_not_ours(store, acquired_range.sources);
                     });
}

bool may_get_puts_for_others(const ClassicStore& store, const OwnershipSnapshot& ownership) {
  return is_any_not_ours(store, ownership.ring->leaving()) || is_given_by_puts(store, ownership);
}

bool keep_put(const ClassicStore& store, std::string_view key, std::string_view value, ViewVersion view_version,
              Confirmed confirmed) {
  const auto is_kept = store.kept_puts->keep(*store.local, key, value, view_version, confirmed);
  if (!is_kept.ok()) log_engine_failure(*store.forwarder, "keeping a put", is_kept.error());
  return is_kept.ok() && is_kept.value();
}

}  // namespace p2p::diststore
