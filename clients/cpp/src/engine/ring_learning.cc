// Engine: how it learns who owns what. It fetches the ring when it knows none, when a reply carried another view, when
// a node was lost, and periodically.
#include "engine/engine.h"
#include "wire/store_messages.h"

#include <algorithm>
#include <exception>
#include <unordered_set>
#include <utility>

namespace p2p::client {
void Engine::saw_view(const NodeAddress& by, std::uint64_t view) {
  if (!is_looking_ && ring_->knows_owners() && views_.wants_refresh(view, now_)) refresh(&by);
}

// First the node with news, then the members, then the seeds.
void Engine::refresh(const NodeAddress* hint) {
  if (is_looking_ || is_stopping_) return;
  if (hint == nullptr && now_ < refresh_not_before_) return refresh_again();
  is_looking_ = true;
  views_.refreshed(now_);
  calls_at_refresh_ = counts_.calls.load(std::memory_order_relaxed);
  counts_.refreshes.fetch_add(1, std::memory_order_relaxed);
  candidates_.clear();
  const auto add = [this](const NodeAddress& at) {
    const bool is_there = std::find(candidates_.begin(), candidates_.end(), at) != candidates_.end();
    if (!is_there && candidates_.size() < kRefreshCandidatesMax) candidates_.push_back(at);
  };
  if (hint != nullptr) add(*hint);
  const std::size_t first = next_other_++;
  for (std::size_t step = 0; step < owners_.size() && candidates_.size() < kRefreshCandidatesMax / 2; ++step) {
    Link& link = *owners_[(first + step) % owners_.size()];
    if (is_usable(link)) add(link.to());
  }
  for (std::size_t step = 0; step < options_.seeds.size(); ++step) {
    add(options_.seeds[(first + step) % options_.seeds.size()]);
  }
  for (std::size_t step = 0; step < owners_.size(); ++step) {
    add(owners_[(first + step) % owners_.size()]->to());
  }
  ask_next();
}

void Engine::ask_next() {
  if (candidates_.empty() || is_stopping_) return refresh_ended(false);
  const NodeAddress candidate = candidates_.front();
  candidates_.pop_front();
  ask(candidate);
}

// For what has changed of the ring that is known, or for all of it. Without partitions, the whole is what is small.
void Engine::encode_ring_request(Call& call) {
  if (ring_ == nullptr || !ring_->has_partitions()) {
    call.info = encode_state(codec(), options_.ring, call.frame);
    return;
  }
  const RingFacts& known = ring_->facts();
  call.since_view = known.view;
  call.info = encode_state_since(codec(), options_.ring, known.epoch, known.view, call.frame);
}

void Engine::ask(const NodeAddress& candidate) {
  Call& call = take_call();
  encode_ring_request(call);
  call.aim = Aim::node;
  call.to = candidate;
  call.deadline = now_ + kRefreshTimeout;
  call.handler = [this, candidate, since_view = call.since_view](Arrival& arrival) {
    Failure failure;
    const bool has_learned = arrival.failure == nullptr && learn(*arrival.codec, since_view, failure);
    if (has_learned) {
      refresh_ended(true);
    } else if (arrival.failure != nullptr && arrival.failure->kind == ErrorKind::not_found && ring_ == nullptr) {
      adopt_lone(candidate);
      refresh_ended(true);
    } else {
      refresh_failure_ = arrival.failure != nullptr ? std::move(*arrival.failure) : std::move(failure);
      refresh_failure_.effect = Effect::none;  // of the fetch; calls that wait for it were never sent
      ask_next();
    }
    return Handled::done;
  };
  calls_in_hand_.fetch_add(1, std::memory_order_relaxed);
  call.attempts = 1;
  wheel_.add(call, call.deadline);
  dispatch(call);
}

void Engine::refresh_ended(bool has_learned) {
  is_looking_ = false;
  candidates_.clear();
  if (is_stopping_) return;
  end_refresh_waiters(has_learned ? nullptr : &refresh_failure_);
  if (has_learned) {
    unanswered_refreshes_ = 0;
    return;
  }
  refresh_not_before_ = now_ + kUnansweredPause.after(++unanswered_refreshes_);
  if (!waiting_.empty()) refresh_again();
}

// No node answered just now: calls that wait for the ring wait for the next fetch, too.
void Engine::refresh_again() {
  if (std::exchange(is_refresh_again_armed_, true)) return;
  refresh_again_timer_.expires_at(refresh_not_before_);
  refresh_again_timer_.async_wait([this](error_code) {
    is_refresh_again_armed_ = false;
    if (is_stopping_) return;
    begin_turn();
    if (!waiting_.empty() || !refresh_waiters_.empty()) refresh(nullptr);
    end_turn();
  });
}

void Engine::end_refresh_waiters(const Failure* failure) {
  for (Call* call : std::exchange(refresh_waiters_, {})) {
    call->is_listed = false;
    if (call->state == CallState::done) {
      let_go(*call);
    } else if (failure != nullptr) {
      finish(*call, *failure);
    } else {
      Arrival arrival;
      complete(*call, arrival, nullptr);
    }
  }
}

// Learns from a reply to the ring request; `failure` says why not.
bool Engine::learn(Codec& codec, std::optional<std::uint64_t> since_view, Failure& failure) {
  ToldRing told;
  try {
    told = since_view ? decode_state_since(codec) : decode_state(codec);
  } catch (const std::exception& thrown) {
    codec_.reset();
    failure = {Effect::none, ErrorKind::protocol, std::string("the answer makes no sense: ") + thrown.what()};
    return false;
  }
  if (told.step) return learn_step(std::move(*told.step), told.level, *since_view, failure);
  if (told.facts.members.empty() && told.facts.leaving.empty()) {
    failure = {Effect::none, ErrorKind::refused, "the node is in no network"};
    return false;
  }
  // A node that lags behind a change is followed when it answers calls, not when it greets.
  const bool is_unwanted =
      views_.is_behind(told.facts.epoch, now_) || (!is_looking_ && !views_.wants_refresh(told.facts.view, now_));
  if (ring_ != nullptr && is_unwanted) return true;
  auto ring = Ring::of(std::move(told.facts), told.owners);
  if (ring.ok()) note_level(told.level);  // before anybody hears of the ring
  return adopt_if_sound(std::move(ring), failure);
}

bool Engine::learn_step(RingStep step, std::uint32_t level, std::uint64_t since_view, Failure& failure) {
  // Another ring was learnt since this was asked; if that is the older one, replies will tell.
  const bool is_ours = ring_ != nullptr && ring_->has_partitions() && ring_->facts().view == since_view;
  if (!is_ours) return true;
  note_level(std::max(level, level_));  // it never falls in a network
  if (step.view == since_view) return true;
  return adopt_if_sound(ring_->after(std::move(step)), failure);
}

bool Engine::adopt_if_sound(Result<std::shared_ptr<const Ring>> ring, Failure& failure) {
  if (!ring.ok()) {
    failure = {Effect::none, ring.error().kind, ring.error().text};
    return false;
  }
  adopt(std::move(ring).value());
  return true;
}

void Engine::adopt(std::shared_ptr<const Ring> ring) {
  const bool is_new = ring_ == nullptr || ring_->facts().view != ring->facts().view;
  ring_ = std::move(ring);
  if (!is_new) return;
  views_.adopted(ring_->facts().view, ring_->facts().epoch, now_);
  counts_.views.fetch_add(1, std::memory_order_relaxed);
  owners_.clear();
  for (const NodeAddress& node : ring_->nodes()) owners_.push_back(&link_to(node));
  forget_strangers();
  dispatch_all(waiting_);
}

// A node of ours that cannot serve the ring: it gets all calls, and forwards them as it does for any client.
void Engine::adopt_lone(const NodeAddress& node) {
  auto ring = Ring::of({.members = {node}, .leaving = {}, .view = 0, .placement = "", .epoch = 0});
  adopt(std::move(ring).value());
}

// Drops nodes that are neither members nor seeds, once nothing depends on them.
void Engine::forget_strangers() {
  std::unordered_set<NodeAddress> known(options_.seeds.begin(), options_.seeds.end());
  known.insert(ring_->nodes().begin(), ring_->nodes().end());
  std::erase_if(links_, [&](const auto& entry) { return !known.contains(entry.first) && !entry.second->is_open(); });
}

void Engine::refresh_in_a_while() {
  refresh_timer_.expires_after(options_.refresh_interval);
  refresh_timer_.async_wait([this](error_code cancelled) {
    if (cancelled || is_stopping_) return;
    begin_turn();
    close_idle_links();
    if (counts_.calls.load(std::memory_order_relaxed) != calls_at_refresh_) refresh(nullptr);
    refresh_in_a_while();
    end_turn();
  });
}

}  // namespace p2p::client
