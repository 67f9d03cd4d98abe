// Engine: how it learns who owns what. It looks at the ring when it knows none, when a reply told another view, when a
// node was lost, and now and then.
#include "engine/engine.h"
#include "wire/store_messages.h"

#include <algorithm>
#include <exception>
#include <unordered_set>
#include <utility>

namespace p2p::client {
namespace {

auto clock_length(Duration length) { return std::chrono::duration_cast<std::chrono::steady_clock::duration>(length); }

}  // namespace

void Engine::saw_view(const Location& by, std::uint64_t view) {
  if (!is_looking_ && ring_->knows_owners() && views_.wants_look(view, now_)) look(&by);
}

// Whoever knows something new first, then the members, then the seeds.
void Engine::look(const Location* hint) {
  if (is_looking_ || is_stopping_) return;
  if (hint == nullptr && now_ < look_not_before_) return look_again();
  is_looking_ = true;
  views_.looked(now_);
  calls_at_look_ = counts_.calls.load(std::memory_order_relaxed);
  counts_.refreshes.fetch_add(1, std::memory_order_relaxed);
  candidates_.clear();
  const auto add = [this](const Location& at) {
    const bool is_there = std::find(candidates_.begin(), candidates_.end(), at) != candidates_.end();
    if (!is_there && candidates_.size() < kLookCandidatesMax) candidates_.push_back(at);
  };
  if (hint != nullptr) add(*hint);
  const std::size_t first = next_other_++;
  for (std::size_t step = 0; step < owners_.size() && candidates_.size() < kLookCandidatesMax / 2; ++step) {
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
  if (candidates_.empty() || is_stopping_) return look_ended(false);
  const Location candidate = candidates_.front();
  candidates_.pop_front();
  ask(candidate);
}

void Engine::ask(const Location& candidate) {
  Call& call = take_call();
  call.info = encode_state(codec(), options_.ring, call.frame);
  call.aim = Aim::node;
  call.to = candidate;
  call.deadline = now_ + kLookTimeout;
  call.handler = [this, candidate](Arrival& arrival) {
    Failure failure;
    const bool has_learned = arrival.failure == nullptr && learn(*arrival.codec, failure);
    if (has_learned) {
      look_ended(true);
    } else if (arrival.failure != nullptr && arrival.failure->kind == ErrorKind::not_found && ring_ == nullptr) {
      adopt_lone(candidate);
      look_ended(true);
    } else {
      look_failure_ = arrival.failure != nullptr ? std::move(*arrival.failure) : std::move(failure);
      look_failure_.effect = Effect::none;  // of the look; calls that wait for it were never sent
      ask_next();
    }
    return Handled::done;
  };
  calls_in_hand_.fetch_add(1, std::memory_order_relaxed);
  call.attempts = 1;
  wheel_.add(call, call.deadline);
  dispatch(call);
}

void Engine::look_ended(bool has_learned) {
  is_looking_ = false;
  candidates_.clear();
  if (is_stopping_) return;
  end_look_waiters(has_learned ? nullptr : &look_failure_);
  if (has_learned) {
    look_pause_ = kLookPauseFirst;
    return;
  }
  look_not_before_ = now_ + look_pause_;
  look_pause_ = std::min(look_pause_ * 2, kLookPauseMax);
  if (!waiting_.empty()) look_again();
}

// Nobody has answered a moment ago: who waits for the ring waits for the next look, too.
void Engine::look_again() {
  if (std::exchange(is_look_again_armed_, true)) return;
  look_again_timer_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(look_not_before_));
  look_again_timer_.async_wait([this](error_code) {
    is_look_again_armed_ = false;
    if (is_stopping_) return;
    begin_turn();
    if (!waiting_.empty() || !look_waiters_.empty()) look(nullptr);
    end_turn();
  });
}

void Engine::end_look_waiters(const Failure* failure) {
  for (Call* call : std::exchange(look_waiters_, {})) {
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

// From a reply to the question for the ring; `failure` says why not.
bool Engine::learn(Codec& codec, Failure& failure) {
  RingFacts facts;
  try {
    facts = decode_state(codec);
  } catch (const std::exception& thrown) {
    codec_.reset();
    failure = {Effect::none, ErrorKind::protocol, std::string("the answer makes no sense: ") + thrown.what()};
    return false;
  }
  if (facts.members.empty()) {
    failure = {Effect::none, ErrorKind::refused, "the node is in no network"};
    return false;
  }
  // Nodes that are late with a change are heard when they answer calls, not when they greet.
  if (!is_looking_ && ring_ != nullptr && !views_.wants_look(facts.view, now_)) return true;
  auto ring = Ring::of(std::move(facts));
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
  views_.adopted(ring_->facts().view);
  counts_.views.fetch_add(1, std::memory_order_relaxed);
  owners_.clear();
  for (const Location& member : ring_->facts().members) owners_.push_back(&link_to(member));
  forget_strangers();
  dispatch_all(waiting_);
}

// A node of ours that cannot tell the ring: it is asked everything, and passes calls on as it does for any client.
void Engine::adopt_lone(const Location& node) {
  auto ring = Ring::of({.members = {node}, .leaving = {}, .view = 0, .placement = ""});
  adopt(std::move(ring).value());
}

// Nodes that are neither members nor seeds, once nothing hangs on them.
void Engine::forget_strangers() {
  std::unordered_set<Location> known(options_.seeds.begin(), options_.seeds.end());
  known.insert(ring_->facts().members.begin(), ring_->facts().members.end());
  std::erase_if(links_, [&](const auto& entry) { return !known.contains(entry.first) && !entry.second->is_open(); });
}

void Engine::look_in_a_while() {
  look_timer_.expires_after(clock_length(options_.refresh_interval));
  look_timer_.async_wait([this](error_code cancelled) {
    if (cancelled || is_stopping_) return;
    begin_turn();
    close_idle_links();
    if (counts_.calls.load(std::memory_order_relaxed) != calls_at_look_) look(nullptr);
    look_in_a_while();
    end_turn();
  });
}

}  // namespace p2p::client
