#include "serving/loop.h"

#include "crash/alternate_stack.h"
#include "serving/pending_call.h"

#include <p2p/metrics.h>
#include <p2p/thread_check.h>

#include <pthread.h>

#include <string>

namespace p2p::host {
namespace {

thread_local Loop* current_loop = nullptr;

}  // namespace

Loop::Loop(std::size_t number, Logger& log)
    : number_(number), log_(log), work_(asio::make_work_guard(context_)), expiry_(context_), sweep_(context_) {
  refresh_now();
}

Loop::~Loop() { stop(); }

Loop* Loop::current() noexcept { return current_loop; }

void Loop::start() {
  thread_ = std::thread([this] {
    const AlternateStack stack_for_signals;
    current_loop = this;
    count_in_cell(number_ + 1);
    pthread_setname_np(pthread_self(), ("p2p:io/" + std::to_string(number_)).c_str());
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& failure) {
        log_.error("an exception left a function on I/O loop {}: {}", number_, failure.what());
      } catch (...) {
        log_.error("an exception of unknown type left a function on I/O loop {}", number_);
      }
    }
  });
}

void Loop::stop() {
  work_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

PendingCall* Loop::take_pending() {
  P2P_ASSERT_THREAD(may_be_touched_here());
  if (pool_.empty()) return new PendingCall(*this);  // given back to pool_, or deleted there
  PendingCall* pending = pool_.back().release();
  pool_.pop_back();
  return pending;
}

void Loop::give_back(PendingCall* pending, bool reusable) noexcept {
  P2P_ASSERT_THREAD(may_be_touched_here());
  std::unique_ptr<PendingCall> owned(pending);
  if (reusable && pool_.size() < kPooledSlotsMax) pool_.push_back(std::move(owned));
}

void Loop::watch(PendingCall* pending) {
  P2P_ASSERT_THREAD(may_be_touched_here());
  if (pending->is_watched_) return;
  pending->is_watched_ = true;
  // Usually the last one: only after a change of call_timeout may an earlier call end later.
  PendingCall* before = newest_;
  while (before != nullptr && before->deadline() > pending->deadline()) before = before->previous_;
  pending->previous_ = before;
  pending->next_ = before != nullptr ? before->next_ : oldest_;
  (before != nullptr ? before->next_ : oldest_) = pending;
  (pending->next_ != nullptr ? pending->next_->previous_ : newest_) = pending;
  arm();
}

void Loop::unwatch(PendingCall* pending) noexcept {
  P2P_ASSERT_THREAD(may_be_touched_here());
  if (!pending->is_watched_) return;
  pending->is_watched_ = false;
  (pending->previous_ != nullptr ? pending->previous_->next_ : oldest_) = pending->next_;
  (pending->next_ != nullptr ? pending->next_->previous_ : newest_) = pending->previous_;
}

void Loop::arm() {
  if (oldest_ == nullptr) return;
  const TimePoint due = oldest_->deadline();
  if (is_armed_ && expiry_.expiry() <= due) return;
  is_armed_ = true;
  expiry_.expires_at(due);  // cancels the wait that it replaces
  expiry_.async_wait([this](error_code replaced) {
    if (replaced) return;
    is_armed_ = false;
    expire();
  });
}

void Loop::note_lost_caller() {
  P2P_ASSERT_THREAD(may_be_touched_here());
  if (is_sweep_due_) return;
  is_sweep_due_ = true;
  sweep_.expires_after(kSweepPause);
  sweep_.async_wait([this](error_code) {
    is_sweep_due_ = false;
    sweep();
  });
}

// Ends no call, so the list stays intact during the walk: a call's holder ends it when it finds that it is not wanted.
void Loop::sweep() noexcept {
  for (PendingCall *pending = oldest_, *next = nullptr; pending != nullptr; pending = next) {
    next = pending->next_;
    if (!pending->has_lost_caller()) continue;
    unwatch(pending);
    pending->forget_caller();
  }
}

void Loop::expire() {
  P2P_ASSERT_THREAD(may_be_touched_here());
  refresh_now();
  while (oldest_ != nullptr && oldest_->deadline() <= now_) {
    PendingCall* overdue = oldest_;
    unwatch(overdue);
    overdue->expire();
  }
  arm();
}

}  // namespace p2p::host
