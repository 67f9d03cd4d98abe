#include "engine/engine.h"

#include "wire/store_messages.h"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

namespace p2p::client {
namespace {

// From this one on all members remember operations (RingState.level).
constexpr std::uint32_t kOperationsLevel = 2;

std::uint64_t drawn_at_random() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::uint64_t wall_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace

Engine::Engine(Options options)
    : options_(std::move(options)),
      operations_(drawn_at_random()),
      now_(std::chrono::steady_clock::now()),
      wheel_(now_) {
  thread_ = std::thread([this] { run(); });
}

Engine::~Engine() {
  P2P_ASSERT(!is_current(), "a Client is not destroyed by one of its callbacks");
  asio::post(io_, [this] { stop(); });
  thread_.join();
}

void Engine::run() {
  begin_turn();
  refresh_in_a_while();
  end_turn();
  finish_turn();
  // Everything that is ready at once makes one turn, for example replies of several nodes that queued up while the
  // machine was busy. Its output leaves in one write per node.
  while (io_.run_one() != 0) {
    for (int handlers = 1; handlers < kTurnHandlersMax && io_.poll_one() != 0; ++handlers) {
    }
    finish_turn();
  }
}

TimePoint Engine::deadline_of(const CallOptions& options) const noexcept {
  return std::chrono::steady_clock::now() +
         std::min(options.timeout > Duration::zero() ? options.timeout : options_.timeout, kTimeoutMax);
}

Stats Engine::stats() const noexcept {
  return {counts_.calls.load(std::memory_order_relaxed), counts_.retries.load(std::memory_order_relaxed),
          counts_.alternate_nodes.load(std::memory_order_relaxed), counts_.refreshes.load(std::memory_order_relaxed),
          counts_.views.load(std::memory_order_relaxed)};
}

// A protocol that has thrown is left in the middle of a message: then the codec is thrown away.
Codec& Engine::codec() {
  if (codec_ == nullptr) codec_ = std::make_unique<Codec>();
  return *codec_;
}

// --- turns -----------------------------------------------------------------------------------------------------------

void Engine::begin_turn() noexcept {
  if (turn_depth_++ == 0) now_ = std::chrono::steady_clock::now();
}

void Engine::finish_turn() {
  while (!again_.empty() || !dirty_.empty()) {
    dispatch_all(again_);
    // Flushing may close a link, and that may make others dirty.
    flushing_.swap(dirty_);
    for (const auto& link : flushing_) link->flush();
    flushing_.clear();
  }
  arm_tick();
}

void Engine::dispatch_all(std::vector<Call*>& list) {
  for (Call* call : std::exchange(list, {})) {
    call->is_listed = false;
    if (call->state == CallState::done) {
      let_go(*call);
    } else {
      dispatch(*call);
    }
  }
}

void Engine::enlist(Call& call, std::vector<Call*>& list, CallState state) {
  call.state = state;
  call.is_listed = true;
  list.push_back(&call);
}

void Engine::arm_tick() {
  if (is_tick_armed_ || wheel_.is_empty() || is_stopping_) return;
  is_tick_armed_ = true;
  tick_timer_.expires_at(wheel_.next_tick());
  tick_timer_.async_wait([this](error_code cancelled) {
    is_tick_armed_ = false;
    if (!cancelled) tick();
  });
}

void Engine::tick() {
  begin_turn();
  while (auto* due = wheel_.take_due(now_)) expire(static_cast<Call&>(*due));
  if (std::exchange(has_dead_waiters_, false)) {
    const auto is_dead = [this](Call* call) {
      if (call->state != CallState::done) return false;
      let_go(*call);
      return true;
    };
    std::erase_if(waiting_, is_dead);
    std::erase_if(refresh_waiters_, is_dead);
  }
  end_turn();
}

// --- ends ------------------------------------------------------------------------------------------------------------

// The call has left the wheel: its deadline or its back-off has passed.
void Engine::expire(Call& call) {
  if (call.deadline > now_) {
    wheel_.add(call, call.deadline);
    return dispatch(call);
  }
  if (call.link != nullptr && call.link->is_greeting(call)) return call.link->abandon(call);
  if (call.state == CallState::sent) {
    finish(call, {Effect::unknown, ErrorKind::timed_out, call.link->to().name() + " did not answer in time"});
  } else if (call.last) {
    finish(call, std::move(*call.last));
  } else if (call.state == CallState::waiting) {
    finish(call, refresh_failure_);
  } else {
    finish(call, {Effect::none, ErrorKind::timed_out, "the call's time was over before it could be sent"});
  }
}

OperationId Engine::name_operation() {
  if (!has_operations_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard hold(operations_mutex_);
  return operations_.next(wall_us());
}

// Of the ring that is about to be known; at the same addresses there may be another network by now.
void Engine::note_level(std::uint32_t level) {
  level_ = level;
  has_operations_.store(level >= kOperationsLevel, std::memory_order_relaxed);
}

// False: an attempt under the name that it has may have been executed.
bool Engine::rename(Call& call, std::uint64_t above) {
  if (!call.has_operation || call.may_have_run) return false;
  const std::lock_guard hold(operations_mutex_);
  set_operation(call.frame, operations_.next_above(above, operation_number(call.frame), wall_us()));
  return true;
}

// The call has left the link that sent it.
void Engine::set_back(Call& call, FailedAttempt failed_attempt, Link* by) {
  if (failed_attempt.failure.effect == Effect::unknown) {
    call.may_have_run = true;
    if (call.has_operation) set_again(call.frame);
  }
  // Of an operation, this holds for all attempts.
  if (call.has_operation && failed_attempt.failure.is_condition_failed) call.may_have_run = false;
  const bool is_leaving = failed_attempt.fault.is_leaving && by != nullptr;
  if (is_leaving) by->health().leaving_until = now_ + kLeavingPause;
  if (failed_attempt.fault.after == retry::After::new_view) refresh(is_leaving ? &by->to() : nullptr);
  if (is_stopping_ || call.aim == Aim::node || call.deadline <= now_ ||
      !may_try_again(failed_attempt, call.is_repeatable)) {
    return finish(call, std::move(failed_attempt.failure));
  }
  call.last = std::move(failed_attempt.failure);
  call.avoided = failed_attempt.fault.where == retry::Where::another ? by : nullptr;
  ++call.attempts;
  counts_.retries.fetch_add(1, std::memory_order_relaxed);
  const Duration pause = pause_before(call.attempts, failed_attempt.fault.after);
  if (pause == Duration::zero()) {
    enlist(call, again_, CallState::pausing);
  } else {
    call.state = CallState::pausing;
    wheel_.remove(call);
    wheel_.add(call, std::min(call.deadline, now_ + pause));
  }
}

void Engine::finish(Call& call, Failure failure) {
  if (call.may_have_run) failure.effect = Effect::unknown;
  Arrival arrival;
  arrival.failure = &failure;
  Handler handler = std::move(call.handler);
  end(call);
  static_cast<void>(handler(arrival));
}

// A list or link that still holds the call releases it later.
void Engine::end(Call& call) noexcept {
  wheel_.remove(call);
  calls_in_hand_.fetch_sub(1, std::memory_order_relaxed);
  if (call.link != nullptr) {
    call.link->abandon(call);
  } else if (call.is_listed) {
    call.state = CallState::done;
    has_dead_waiters_ = true;
  } else {
    let_go(call);
  }
}

void Engine::let_go(Call& call) noexcept {
  wheel_.remove(call);
  pool_.give(&call);
}

// The call has left its link.
void Engine::complete(Call& call, Arrival& arrival, Link* by) {
  arrival.may_have_run = call.may_have_run;
  const Handled handled = call.handler(arrival);
  if (arrival.is_codec_spoiled) codec_.reset();
  if (arrival.view && by != nullptr) saw_view(by->to(), static_cast<std::uint64_t>(*arrival.view));
  if (handled == Handled::again) {
    if (arrival.operations_highest != 0 && !rename(call, arrival.operations_highest))
      return finish(call, std::move(arrival.failed_attempt.failure));
    return set_back(call, std::move(arrival.failed_attempt), by);
  }
  end(call);
}

// --- what links report -----------------------------------------------------------------------------------------------

void Engine::answered(Link& link, Call& call, std::string_view message) {
  const auto head = read_reply_head(message);
  Arrival arrival;
  arrival.message = message;
  arrival.codec = &codec();
  arrival.codec->in().attach(message.substr(head.value().body_at));
  if (link.is_greeting(call)) {
    call.link = nullptr;
    Failure unusable;
    // A node of ours that does not know this request says so, and can take all other calls.
    const bool is_one_of_ours = head.value().is_exception || learn(*arrival.codec, call.since_view, unusable);
    link.health().failures = 0;
    let_go(call);
    if (is_one_of_ours) return link.become_ready();
    return link.close(unusable);
  }
  if (!head.value().is_exception) return complete(call, arrival, &link);
  FailedAttempt failed_attempt;
  try {
    const RemoteException exception = decode_exception(*arrival.codec);
    failed_attempt = failed_attempt_of_exception(exception.type, exception.text, link.to().name());
  } catch (const std::exception& failure) {
    codec_.reset();
    failed_attempt =
        failed_attempt_of(retry::fault_of(ErrorKind::protocol), link.to().name() + " sent an unreadable exception");
  }
  set_back(call, std::move(failed_attempt), &link);
}

void Engine::closed(Link& link, LinkState was, const Failure& why) {
  --open_links_;
  if (is_stopping_) return;
  // A connection that worked may have ended because it was idle or because its node is gone: the next attempt will
  // show.
  const bool was_usual = why.kind == ErrorKind::closed || why.kind == ErrorKind::cancelled;
  if (was == LinkState::ready && was_usual) return;
  const bool was_silent = was == LinkState::probing || was == LinkState::greeting;
  link.health().retry_at = now_ + (was_silent ? kSilentPause : kDownPause).after(++link.health().failures);
  refresh(nullptr);
}

Call* Engine::greeting() {
  Call& call = take_call();
  encode_ring_request(call);
  call.aim = Aim::node;
  call.deadline = now_ + kRefreshTimeout;
  wheel_.add(call, call.deadline);
  return &call;
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Engine::stop() {
  begin_turn();
  is_stopping_ = true;
  take_inbox();
  const Failure over{Effect::none, ErrorKind::cancelled, "the client ends"};
  for (const auto& [at, link] : links_) link->close(over);
  while (auto* any = wheel_.take_any()) finish(static_cast<Call&>(*any), over);
  for (std::vector<Call*>* list : {&waiting_, &refresh_waiters_, &again_}) dispatch_all(*list);  // all of them are done
  tick_timer_.cancel();
  refresh_timer_.cancel();
  refresh_again_timer_.cancel();
  end_turn();
  work_.reset();
}

}  // namespace p2p::client
