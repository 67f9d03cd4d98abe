#include "retry/forwarder.h"

#include <algorithm>
#include <utility>

namespace p2p::retry {
namespace {

// Names the node, unless `what` already does.
std::string reason(const NodeAddress& node, const std::string& what) {
  const std::string name = node.name();
  return what.find(name) == std::string::npos ? name + ": " + what : what;
}

}  // namespace

Duration Forwarder::time_for_peer(TimePoint deadline, Repeat repeat) const noexcept {
  const Duration left = deadline - retries_->now() - kAnswerMargin;
  return repeat == Repeat::always ? std::min(try_timeout_, left) : left;
}

bool Forwarder::has_time_to_retry(TimePoint deadline) const noexcept {
  return deadline - retries_->now() > kLongPause + kAnswerMargin;
}

void Forwarder::pass_on(const Owner& owner, Call call, const CallKind& kind) {
  if (call.info().hops >= kHopsMax) {
    call.disagree();
    return;
  }
  if (owner.address == nullptr) return wait(std::move(call), kind, "no node owns the key at the moment");
  forward(*owner.address, std::move(call), kind);
}

void Forwarder::wait(Call call, const CallKind& kind, const std::string& why) {
  call.keep();
  try_later(std::move(call), kind, why);
}

void Forwarder::forward(const NodeAddress& to, Call call, const CallKind& kind) {
  const Duration timeout = time_for_peer(call.deadline(), kind.repeat);
  if (timeout <= Duration::zero()) {
    give_up(std::move(call), kind, reason(to, "the call's time is over"));
    return;
  }
  forwarded_.fetch_add(1, std::memory_order_relaxed);
  call.forward(to, timeout, [forwarder = shared_from_this(), to, &kind](Error error, Call returned) {
    forwarder->failed(to, error, std::move(returned), kind);
  });
}

void Forwarder::failed(const NodeAddress& owner, const Error& error, Call call, const CallKind& kind) {
  if (error.kind == ErrorKind::unsupported && note_foreign(owner)) {
    call.dispatch_again();
    return;
  }
  if (error.kind == ErrorKind::refused) report_unreachable(owner);
  const std::string why = reason(owner, error.text);
  // A possibly executed call is retried only where that is harmless.
  const Repeat repeat = call.has_unknown_outcome() ? kind.repeat : Repeat::always;
  if (is_worth_retrying(error.kind, repeat)) {
    try_later(std::move(call), kind, why);
  } else {
    give_up(std::move(call), kind, why);
  }
}

void Forwarder::try_later(Call call, const CallKind& kind, const std::string& why) {
  const auto waiting = std::make_shared<Call>(std::move(call));
  auto again = [forwarder = shared_from_this(), waiting, &kind](RetryQueue::Turn turn) {
    if (turn == RetryQueue::Turn::go_on) return waiting->dispatch_again();
    forwarder->give_up(std::move(*waiting), kind, "this node stops");
  };
  if (has_time_to_retry(waiting->deadline()) && retries_->add(std::move(again))) return;
  give_up(std::move(*waiting), kind, why);
}

void Forwarder::give_up(Call call, const CallKind& kind, const std::string& why) {
  log_failure(call.info(), why);
  kind.give_up(std::move(call), why);
}

void Forwarder::report_unreachable(const NodeAddress& member) {
  if (is_stopped_.load(std::memory_order_relaxed) || !reports_.is_due(member, retries_->now())) return;
  hooks_.report_unreachable(member);
}

bool Forwarder::note_foreign(const NodeAddress& node) {
  if (!hooks_.note_foreign) return false;
  hooks_.note_foreign(node);
  return true;
}

void Forwarder::log_failure(const CallInfo& call, const std::string& why) {
  if (!is_stopped_.load(std::memory_order_relaxed)) hooks_.log_failure(call, why);
}

void Forwarder::stop() {
  is_stopped_.store(true, std::memory_order_relaxed);
  retries_->stop();
}

}  // namespace p2p::retry
