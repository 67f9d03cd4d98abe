// Engine: from a caller's thread to the node that a call goes to.
#include "engine/engine.h"

#include <string>
#include <utility>

namespace p2p::client {

bool Engine::fits(const Call& call) const noexcept {
  return call.frame.size() <= kFrameHeadBytes || call.frame.size() - kFrameHeadBytes <= options_.request_bytes_max;
}

void Engine::submit(Call& call) {
  if (is_in_child()) {
    return refuse(call, {Effect::none, ErrorKind::local,
                         "the process has forked and the client's thread is the parent's; make a Client in the child"});
  }
  if (!fits(call)) {
    const std::size_t bytes = call.frame.size() - kFrameHeadBytes;
    return refuse(call, {Effect::none, ErrorKind::invalid,
                         "the call has " + std::to_string(bytes) + " bytes, the client's request_bytes_max is " +
                             format_bytes(options_.request_bytes_max)});
  }
  if (calls_in_hand_.fetch_add(1, std::memory_order_relaxed) >= options_.calls_max) {
    calls_in_hand_.fetch_sub(1, std::memory_order_relaxed);
    return refuse(call, {Effect::none, ErrorKind::overloaded, "the client has calls_max calls in hand"});
  }
  if (is_current()) return accept(call);
  bool must_wake = false;
  {
    const std::lock_guard hold(inbox_mutex_);
    inbox_.push_back(&call);
    must_wake = !std::exchange(is_woken_, true);
  }
  if (!must_wake) return;
  asio::post(io_, [this] {
    begin_turn();
    take_inbox();
    end_turn();
  });
}

void Engine::refuse(Call& call, Failure failure) {
  if (call.may_have_run) failure.effect = Effect::unknown;
  Arrival arrival;
  arrival.failure = &failure;
  static_cast<void>(call.handler(arrival));
  pool_.give(&call);
}

void Engine::take_inbox() {
  {
    const std::lock_guard hold(inbox_mutex_);
    taken_.swap(inbox_);
    is_woken_ = false;
  }
  for (Call* call : taken_) accept(*call);
  taken_.clear();
}

void Engine::accept(Call& call) {
  counts_.calls.fetch_add(1, std::memory_order_relaxed);
  call.attempts = 1;
  wheel_.add(call, call.deadline);
  dispatch(call);
}

// Only the wheel holds the call.
void Engine::dispatch(Call& call) {
  call.state = CallState::idle;
  if (is_stopping_) return finish(call, {Effect::none, ErrorKind::cancelled, "the client ends"});
  switch (call.aim) {
    case Aim::node:
      return send(call, link_to(*call.to));
    case Aim::refresh:
      enlist(call, refresh_waiters_, CallState::waiting);
      return refresh(nullptr);
    case Aim::owner:
    case Aim::ring:
      break;
  }
  if (ring_ == nullptr) {
    enlist(call, waiting_, CallState::waiting);
    return refresh(nullptr);
  }
  if (call.aim == Aim::owner) return route(call);
  Arrival arrival;
  complete(call, arrival, nullptr);
}

void Engine::route(Call& call) {
  const auto index = ring_->owner_of(call.key);
  Link* const owner = index ? owners_[*index] : nullptr;
  if (owner != nullptr && owner != call.avoided && is_usable(*owner)) return send(call, *owner);
  if (Link* other = other_than(owner, call.avoided); other != nullptr) {
    if (owner != nullptr && owner != other) counts_.alternate_nodes.fetch_add(1, std::memory_order_relaxed);
    return send(call, *other);
  }
  // No node can be reached at the moment: the owner is tried anyway, at the pace of the call's attempts.
  send(call, owner != nullptr ? *owner : *owners_[next_other_++ % owners_.size()]);
}

void Engine::send(Call& call, Link& link) {
  const bool is_full = link.calls() >= options_.node_calls_max ||
                       link.queued_bytes() + call.frame.size() > options_.node_queue_bytes_max;
  if (is_full) {
    return finish(call, {Effect::none, ErrorKind::overloaded,
                         "too many calls wait for " + link.to().name() + " (node_calls_max, node_queue_bytes_max)"});
  }
  if (!link.is_open()) open(link);
  link.enqueue(call);
  if (link.queued_bytes() >= kEarlyFlushBytes && link.is_ready()) link.flush();
}

Link& Engine::link_to(const NodeAddress& at) {
  std::shared_ptr<Link>& link = links_[at];
  if (link == nullptr) {
    link = std::make_shared<Link>(io_, *this, at, LinkLimits{options_.connect_timeout, options_.reply_bytes_max});
  }
  return *link;
}

// May its node be sent calls? One that failed is retried in the background, and gets no calls until it answers.
bool Engine::is_usable(Link& link) {
  const Health& health = link.health();
  if (now_ < health.leaving_until) return false;
  if (health.failures > 0) {
    if (now_ >= health.retry_at && !link.is_open()) open(link);
    return false;
  }
  return !link.is_stuck();
}

// How many of the owners may take any call: the members, not who leaves.
std::size_t Engine::alternates() const noexcept {
  const std::size_t members = ring_->facts().members.size();
  return members > 0 ? members : owners_.size();
}

// A member that can take a call instead of its owner; connected ones come first, `avoided` and the owner last. nullptr
// when there is none.
Link* Engine::other_than(const Link* owner, const Link* avoided) {
  Link* unconnected = nullptr;
  Link* last_resort = nullptr;
  const std::size_t first = next_other_++;
  const std::size_t count = alternates();
  for (std::size_t step = 0; step < count; ++step) {
    Link* const link = owners_[(first + step) % count];
    if ((link == owner && link != avoided) || !is_usable(*link)) continue;
    if (link == avoided) {
      last_resort = link;
      continue;
    }
    if (link->is_ready()) return link;
    if (unconnected == nullptr) unconnected = link;
  }
  return unconnected != nullptr ? unconnected : last_resort;
}

void Engine::open(Link& link) {
  make_room_for_connection();
  ++open_links_;
  link.open();
}

void Engine::make_room_for_connection() {
  if (open_links_ < options_.connections_max) return;
  Link* idlest = nullptr;
  for (const auto& [at, link] : links_) {
    if (!link->is_ready() || link->has_calls()) continue;
    if (idlest == nullptr || link->used_at() < idlest->used_at()) idlest = link.get();
  }
  if (idlest != nullptr) idlest->close({Effect::none, ErrorKind::cancelled, "another connection needs its place"});
}

void Engine::close_idle_links() {
  for (const auto& [at, link] : links_) {
    if (!link->is_ready() || link->has_calls()) continue;
    if (now_ - link->used_at() < options_.idle_timeout) continue;
    link->close({Effect::none, ErrorKind::cancelled, "idle"});
  }
}

}  // namespace p2p::client
