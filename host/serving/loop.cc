#include "serving/loop.h"

#include "crash/alternate_stack.h"
#include "serving/call_slot.h"

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

CallSlot* Loop::take_slot() {
  if (pool_.empty()) return new CallSlot(*this);  // given back to pool_, or deleted there
  CallSlot* slot = pool_.back().release();
  pool_.pop_back();
  return slot;
}

void Loop::give_back(CallSlot* slot, bool reusable) noexcept {
  std::unique_ptr<CallSlot> owned(slot);
  if (reusable && pool_.size() < kPooledSlotsMax) pool_.push_back(std::move(owned));
}

void Loop::watch(CallSlot* slot) {
  if (slot->is_watched_) return;
  slot->is_watched_ = true;
  // Mostly the last one: only after call_timeout was changed may an earlier call end later.
  CallSlot* before = newest_;
  while (before != nullptr && before->deadline() > slot->deadline()) before = before->previous_;
  slot->previous_ = before;
  slot->next_ = before != nullptr ? before->next_ : oldest_;
  (before != nullptr ? before->next_ : oldest_) = slot;
  (slot->next_ != nullptr ? slot->next_->previous_ : newest_) = slot;
  arm();
}

void Loop::unwatch(CallSlot* slot) noexcept {
  if (!slot->is_watched_) return;
  slot->is_watched_ = false;
  (slot->previous_ != nullptr ? slot->previous_->next_ : oldest_) = slot->next_;
  (slot->next_ != nullptr ? slot->next_->previous_ : newest_) = slot->previous_;
}

void Loop::arm() {
  if (oldest_ == nullptr) return;
  const auto due = std::chrono::time_point_cast<std::chrono::steady_clock::duration>(oldest_->deadline());
  if (is_armed_ && expiry_.expiry() <= due) return;
  is_armed_ = true;
  expiry_.expires_at(due);  // ends the wait that it replaces
  expiry_.async_wait([this](error_code replaced) {
    if (replaced) return;
    is_armed_ = false;
    expire();
  });
}

void Loop::note_lost_caller() {
  if (is_sweep_due_) return;
  is_sweep_due_ = true;
  sweep_.expires_after(kSweepPause);
  sweep_.async_wait([this](error_code) {
    is_sweep_due_ = false;
    sweep();
  });
}

// Ends no call, so that the list stands while it is walked: who holds a call ends it, and finds that it is not wanted.
void Loop::sweep() noexcept {
  for (CallSlot *slot = oldest_, *next = nullptr; slot != nullptr; slot = next) {
    next = slot->next_;
    if (!slot->has_lost_caller()) continue;
    unwatch(slot);
    slot->forget_caller();
  }
}

void Loop::expire() {
  refresh_now();
  while (oldest_ != nullptr && oldest_->deadline() <= now_) {
    CallSlot* overdue = oldest_;
    unwatch(overdue);
    overdue->expire();
  }
  arm();
}

}  // namespace p2p::host
