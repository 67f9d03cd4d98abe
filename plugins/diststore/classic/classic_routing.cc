#include "classic/classic_routing.h"

#include "classic/classic_puts.h"

namespace p2p::diststore {

KeyRoute ClassicRouting::route(std::string_view key) const {
  using Where = KeyRoute::Where;
  const OwnershipSnapshot& ownership = store_->ownership->read();
  const Owner owner = ownership.owner_of(key);
  KeyRoute route{.view = fingerprint_of(*ownership.ring), .node = owner.address};
  if (owner.is_self && ownership.is_established) {
    route.where = Where::here;
    route.proof = ownership.proof_for(key);
  } else if (owner.is_self) {
    route.where = Where::wait;
    route.why = "this node has just joined";  // (H27)
  } else if (owner.address != nullptr) {
    const bool is_foreign = store_->classics->knows(*owner.address);
    route.where = is_foreign ? Where::foreign : Where::peer;
    if (is_foreign) route.foreign = verbs_.get();
  }
  return route;
}

// A node of the 2009 system that was given the key asks for it here: it does not hold it, and must not be asked in
// turn. So it is answered with what lies here.
bool ClassicRouting::takes_get(std::string_view key, Call& call, const KeyMethod& method) {
  if (!store_->classics->came_back(key)) return false;
  const auto stored = store_->local->engine().copy(key);
  if (!stored.ok()) {
    give_up_here(*store_->forwarder, stored.error(), std::move(call), method);
  } else {
    const bool found = stored.value().has_value();
    const std::string_view value = found ? std::string_view(stored.value()->value) : std::string_view();
    answer_with(std::move(call), method, {.found = found, .value = value});
  }
  return true;
}

// A put that must neither wait for the owner of its key nor be forwarded to it: kept here, and handed over like a key.
bool ClassicRouting::is_kept(const OwnershipSnapshot& ownership, std::string_view key, std::string_view value,
                             bool is_passed_on) {
  const KeptPuts& kept = *store_->kept_puts;
  const bool is_at_rest = ownership.is_established && ownership.acquired_ranges.empty() && ownership.leavers.empty();
  if (is_at_rest && !kept.keeps_all()) return false;
  const Owner owner = ownership.owner_of(key);
  if (owner.is_self) {
    // Every call for the key waits until this node may own it; what it overwrites then is older.
    return !ownership.is_established && !value.empty() &&
           keep_put(*store_, key, value, ownership.view_version, kUnconfirmed);
  }
  if (is_passed_on) return false;
  if (kept.keeps_all()) return keep_put(*store_, key, value, ownership.view_version, kUnconfirmed);
  if (value.empty() || (owner.address != nullptr && store_->classics->knows(*owner.address))) return false;
  if (comes_by_put(*store_, ownership, key)) return keep_put(*store_, key, value, ownership.view_version, kConfirmed);
  const bool is_kept_too = !ownership.is_established || may_get_puts_for_others(*store_, ownership);
  return is_kept_too && keep_put(*store_, key, value, ownership.view_version, kUnconfirmed);
}

// A node of the 2009 system that stays gives "" for a key it was asked for in vain, perhaps while that was on its way
// to it; a client's "" looks the same.
bool ClassicRouting::takes_put(std::string_view key, std::string_view value, const CallInfo& call) {
  const auto ownership = store_->ownership->share();
  if (value.empty() && is_given_by_puts(*store_, *ownership)) return true;
  return is_kept(*ownership, key, value, call.hops > 0);
}

}  // namespace p2p::diststore
