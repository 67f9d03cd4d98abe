#include "cluster/member/orders.h"

#include <algorithm>
#include <variant>

namespace p2p::cluster {

namespace {

bool is_as_described(const Member& member, const Describe& describe) {
  return member.zone == describe.zone.value_or(member.zone) && member.weight == describe.weight.value_or(member.weight);
}

bool replaces(const Request& later, const Request& earlier) {
  if (later == earlier) return true;
  const auto* one = std::get_if<Describe>(&later);
  const auto* other = std::get_if<Describe>(&earlier);
  return one != nullptr && other != nullptr && one->node == other->node;
}

}  // namespace

bool is_done(const ClusterMap& map, const Request& order) {
  if (const auto* remove = std::get_if<Remove>(&order)) return map.slot_of(remove->node) == kNoSlot;
  const auto* describe = std::get_if<Describe>(&order);
  if (describe == nullptr) return false;
  const Slot slot = map.slot_of(describe->node);
  return slot != kNoSlot && is_as_described(map.at(slot), *describe);
}

void Orders::add(const Request& request, TimePoint now, TimePoint until) {
  std::erase_if(orders_, [&](const Order& order) { return order.until <= now || replaces(request, order.request); });
  if (orders_.size() >= kOrdersMax) orders_.erase(orders_.begin());
  orders_.push_back({.request = request, .until = until});
}

void Orders::observe(const ClusterMap& map) {
  std::erase_if(orders_, [&](const Order& order) { return is_done(map, order.request); });
}

void Orders::list(TimePoint now, std::vector<Request>& to) const {
  for (const Order& order : orders_)
    if (now < order.until) to.push_back(order.request);
}

}  // namespace p2p::cluster
