#include "serving/service_entry.h"

#include "serving/loop.h"
#include "serving/pending_call.h"
#include "text/foreign_text.h"

#include <algorithm>

namespace p2p::host {
namespace {

constexpr std::string_view kLocatorIdl = "locator.Locator";

}  // namespace

ServiceEntry::ServiceEntry(std::string name, std::string owner, ServiceSpec spec, std::shared_ptr<Endpoint> endpoint,
                           std::size_t loops)
    : name_(std::move(name)),
      owner_(std::move(owner)),
      spec_(std::move(spec)),
      endpoint_(std::move(endpoint)),
      counts_(loops),
      methods_(loops) {}

void ServiceEntry::let_go() {
  P2P_ASSERT(refuses_all(gate()), "a service lets go of its endpoint behind a shut gate");
  endpoint_.reset();
}

void ServiceEntry::renew(ServiceSpec spec, std::shared_ptr<Endpoint> endpoint) {
  P2P_ASSERT(endpoint_ == nullptr, "a service has let go of its endpoint before it takes another");
  spec_ = std::move(spec);
  endpoint_ = std::move(endpoint);
  set_gate(GateState::starting);
}

bool ServiceEntry::is_taken_while_draining(std::string_view method) const noexcept {
  const bool is_locator = spec_.idl == kLocatorIdl ||
                          std::find(spec_.extends.begin(), spec_.extends.end(), kLocatorIdl) != spec_.extends.end();
  return is_base_method(method) || (is_locator && is_locator_method(method)) || is_taken_while_starting(method);
}

bool ServiceEntry::is_taken_while_starting(std::string_view method) const noexcept {
  return std::find(taken_.begin(), taken_.end(), method) != taken_.end();
}

void ServiceEntry::set_route(const std::shared_ptr<const Route>& route) {
  const Route* now = this->route();
  if (route != nullptr && now != nullptr && *route == *now) return;
  if (route != nullptr) routes_.push_back(route);
  route_.store(route.get(), std::memory_order_release);
}

ServiceCounts ServiceEntry::total() const noexcept {
  ServiceCounts sum;
  std::int64_t ended = 0;
  for (const LoopCounts& counts : counts_) {
    // `ended` first: a call that ends in between then counts as in flight, never the other way round.
    ended += counts.ended.load(std::memory_order_acquire);
    sum.calls += counts.calls.load(std::memory_order_acquire);
    sum.errors += counts.errors.load(std::memory_order_relaxed);
    sum.forwarded += counts.forwarded.load(std::memory_order_relaxed);
  }
  sum.in_flight = sum.calls - ended;
  return sum;
}

void ServiceEntry::set_gate(GateState state) {
  std::vector<PendingCall*> parked;
  {
    const std::lock_guard hold(mutex_);
    gate_.store(state, std::memory_order_release);
    if (state != GateState::starting) parked.swap(parked_);
  }
  // A parked call is dispatched whatever the new state is: a closed service answers it with its refusal.
  for (PendingCall* pending : parked) pending->dispatch_again();
}

bool ServiceEntry::park(PendingCall* pending, std::size_t parked_max, bool* is_full) {
  const std::lock_guard hold(mutex_);
  *is_full = parked_.size() >= parked_max;
  const GateState now = gate_.load(std::memory_order_relaxed);
  const bool is_taken = now == GateState::admitting && is_taken_while_starting(pending->info().method);
  if (*is_full || now > GateState::admitting || is_taken) return false;
  parked_.push_back(pending);
  return true;
}

void ServiceEntry::note_error(std::string text) {
  std::string shown = foreign_text(text);
  const std::lock_guard hold(mutex_);
  last_error_ = std::move(shown);
}

std::string ServiceEntry::last_error() const {
  const std::lock_guard hold(mutex_);
  return last_error_;
}

}  // namespace p2p::host
