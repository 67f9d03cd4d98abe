#include "retry/retry_queue.h"

#include <p2p/thread_check.h>

#include <utility>

namespace p2p::retry {

bool RetryQueue::add(Work work) {
  const std::lock_guard hold(mutex_);
  if (is_stopped_ || waiting_.size() >= kWaitingMax) return false;
  waiting_.push_back(std::move(work));
  if (waiting_.size() > 1) return true;
  timer_ = strand_->after(last_count_ > kCrowd ? kLongPause : kShortPause, [queue = weak_from_this()] {
    if (const auto alive = queue.lock()) alive->run_all();
  });
  return true;
}

// The lock is not held while work runs: it may add itself again, or hold the last reference to this queue's owner.
void RetryQueue::run_all() {
  P2P_ASSERT_THREAD(strand_->is_current());
  std::vector<Work> due;
  {
    const std::lock_guard hold(mutex_);
    due.swap(waiting_);
    last_count_ = due.size();
  }
  for (auto& work : due) std::exchange(work, nullptr)(Turn::go_on);
}

void RetryQueue::check() const {
  const std::lock_guard hold(mutex_);
  P2P_ASSERT(waiting_.size() <= kWaitingMax, "no more wait than may");
  P2P_ASSERT(waiting_.empty() || (timer_ && !is_stopped_), "what waits has a timer, and nothing waits after stop()");
  for (const Work& work : waiting_) P2P_ASSERT(work != nullptr, "what waits has not been run");
}

void RetryQueue::stop() {
  std::vector<Work> given_up;
  std::unique_ptr<Timer> timer;
  {
    const std::lock_guard hold(mutex_);
    is_stopped_ = true;
    given_up.swap(waiting_);
    timer = std::move(timer_);
  }
  for (auto& work : given_up) std::exchange(work, nullptr)(Turn::give_up);
}

}  // namespace p2p::retry
