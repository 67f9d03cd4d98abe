#include "serving/router.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore {
namespace {

// Members that were reported long ago need no entry; the table is swept when it has grown to this.
constexpr std::size_t kReportedMax = 1'000;

// Says which node it was, once.
std::string reason(const Location& node, const std::string& what) {
  const std::string name = node.name();
  return what.find(name) == std::string::npos ? name + ": " + what : what;
}

}  // namespace

bool is_worth_retrying(ErrorKind kind, Repeat repeat) noexcept {
  switch (kind) {
    case ErrorKind::refused:
    case ErrorKind::unreachable:
    case ErrorKind::silent:
    case ErrorKind::wrong_node:
    case ErrorKind::local:
    case ErrorKind::overloaded:
    case ErrorKind::cancelled:
    case ErrorKind::not_found:
      return true;
    case ErrorKind::timed_out:
      return repeat == Repeat::always;
    case ErrorKind::closed:
      return repeat != Repeat::never;
    case ErrorKind::protocol:
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
    case ErrorKind::internal:
      return false;
  }
  return false;
}

Router::Router(Logger& log, std::shared_ptr<ILocator> locator, std::shared_ptr<RetryQueue> retries,
               std::shared_ptr<ClassicPeers> classics, Duration forward_timeout)
    : log_(log),
      locator_(std::move(locator)),
      retries_(std::move(retries)),
      classics_(std::move(classics)),
      forward_timeout_(forward_timeout) {}

Duration Router::time_for_peer(TimePoint deadline, Repeat repeat) const noexcept {
  const Duration left = deadline - retries_->now() - kAnswerMargin;
  return repeat == Repeat::always ? std::min(forward_timeout_, left) : left;
}

bool Router::has_time_to_retry(TimePoint deadline) const noexcept {
  return deadline - retries_->now() > kLongPause + kAnswerMargin;
}

void Router::pass_on(const Owner& owner, Call call, const CallKind& kind) {
  if (call.info().hops >= kHopsMax) {
    call.disagree();
    return;
  }
  if (owner.location == nullptr) return wait(std::move(call), kind, "no node owns the key at the moment");
  forward(*owner.location, std::move(call), kind);
}

void Router::wait(Call call, const CallKind& kind, const std::string& why) {
  call.keep();
  try_later(std::move(call), kind, why);
}

void Router::forward(const Location& to, Call call, const CallKind& kind) {
  const Duration timeout = time_for_peer(call.deadline(), kind.repeat);
  if (timeout <= Duration::zero()) {
    give_up(std::move(call), kind, reason(to, "the call's time is over"));
    return;
  }
  forwarded_.fetch_add(1, std::memory_order_relaxed);
  call.forward(to, timeout, [router = shared_from_this(), to, &kind](Error error, Call returned) {
    router->failed(to, error, std::move(returned), kind);
  });
}

void Router::failed(const Location& owner, const Error& error, Call call, const CallKind& kind) {
  if (error.kind == ErrorKind::unsupported) {
    classics_->remember(owner);
    call.dispatch_again();
    return;
  }
  if (error.kind == ErrorKind::refused) report_unreachable(owner);
  const std::string why = reason(owner, error.text);
  // What may have been executed is repeated only where that does no harm.
  const Repeat repeat = call.has_unknown_outcome() ? kind.repeat : Repeat::always;
  if (is_worth_retrying(error.kind, repeat)) {
    try_later(std::move(call), kind, why);
  } else {
    give_up(std::move(call), kind, why);
  }
}

void Router::try_later(Call call, const CallKind& kind, const std::string& why) {
  const auto waiting = std::make_shared<Call>(std::move(call));
  auto again = [router = shared_from_this(), waiting, &kind](RetryQueue::Turn turn) {
    if (turn == RetryQueue::Turn::go_on) return waiting->dispatch_again();
    router->give_up(std::move(*waiting), kind, "this node stops");
  };
  if (has_time_to_retry(waiting->deadline()) && retries_->add(std::move(again))) return;
  give_up(std::move(*waiting), kind, why);
}

void Router::give_up(Call call, const CallKind& kind, const std::string& why) {
  log_failure(call.info().method, why);
  kind.give_up(std::move(call), why);
}

void Router::report_unreachable(const Location& member) {
  if (is_stopped_.load(std::memory_order_relaxed)) return;
  const TimePoint now = retries_->now();
  {
    const std::lock_guard hold(mutex_);
    if (reported_.size() >= kReportedMax) reported_.clear();
    TimePoint& last = reported_[member];
    if (last != TimePoint{} && now - last < kReportPause) return;
    last = now;
  }
  locator_->report_unreachable(member);
}

void Router::log_failure(std::string_view method, std::string_view why) {
  if (is_stopped_.load(std::memory_order_relaxed)) return;
  const auto unsaid = failures_.due(method, retries_->now());
  if (unsaid) log_.warn("{} failed: {} ({} more failed since the last such line)", method, why, *unsaid);
}

}  // namespace p2p::diststore
