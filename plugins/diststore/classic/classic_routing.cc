#include "classic/classic_routing.h"

#include "classic/classic_puts.h"
#include "classic/fetcher.h"

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
    route.where = store_->classics->knows(*owner.address) ? Where::foreign : Where::peer;
  }
  return route;
}

void ClassicRouting::fetch(std::vector<std::string> keys, TimePoint deadline, std::function<void(bool)> done) {
  confirm(store_, std::move(keys), deadline, std::move(done));
}

// A get may be forwarded by a node of the 2009 system that is giving keys to this one: it does nothing else until that
// is answered, and cannot say that it has given all.
std::string_view ClassicRouting::refusal_to_wait(const CallInfo& call) const {
  if (call.method != "get" || call.hops > 0 || !is_given_by_puts(*store_, *store_->ownership->share())) return {};
  return "another node is about to give it to this one";
}

// A node of the 2009 system that was given the key asks for it here: it does not hold it, and must not be asked in
// turn.
bool ClassicRouting::answers_regardless(std::string_view key) { return store_->classics->came_back(key); }

// If the engine cannot keep it, it is handled like any other put.
bool ClassicRouting::keep(std::string_view key, std::string_view value, ViewVersion view_version, Confirmed confirmed) {
  const auto is_kept = store_->kept_puts->keep(*store_->local, key, value, view_version, confirmed);
  if (!is_kept.ok()) log_engine_failure(*store_->forwarder, "keeping a put", is_kept.error());
  return is_kept.ok() && is_kept.value();
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
    return !ownership.is_established && !value.empty() && keep(key, value, ownership.view_version, kUnconfirmed);
  }
  if (is_passed_on) return false;
  if (kept.keeps_all()) return keep(key, value, ownership.view_version, kUnconfirmed);
  if (value.empty() || (owner.address != nullptr && store_->classics->knows(*owner.address))) return false;
  if (comes_by_put(*store_, ownership, key)) return keep(key, value, ownership.view_version, kConfirmed);
  const bool is_kept_too = !ownership.is_established || may_get_puts_for_others(*store_, ownership);
  return is_kept_too && keep(key, value, ownership.view_version, kUnconfirmed);
}

// A node of the 2009 system that stays gives "" for a key it was asked for in vain, perhaps while that was on its way
// to it; a client's "" looks the same.
bool ClassicRouting::takes_put(std::string_view key, std::string_view value, const CallInfo& call) {
  const auto ownership = store_->ownership->share();
  if (value.empty() && is_given_by_puts(*store_, *ownership)) return true;
  return is_kept(*ownership, key, value, call.hops > 0);
}

// The put that all other calls for the key wait for must not wait itself.
Result<Outcome> ClassicRouting::put_unconfirmed(std::string_view key, std::string_view value, OwnershipProof proof) {
  if (value.empty()) return Outcome::unconfirmed;
  const auto ownership = store_->ownership->share();
  if (comes_by_put(*store_, *ownership, key)) {
    return store_->local->put(key, value, {proof.view_version, kNeverConfirmed});
  }
  if (!may_get_puts_for_others(*store_, *ownership)) return Outcome::unconfirmed;
  return keep(key, value, proof.view_version, kUnconfirmed) ? Outcome::done : Outcome::unconfirmed;
}

}  // namespace p2p::diststore
