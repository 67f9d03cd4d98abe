#include "serving/worker_pool.h"

#include "crash/alternate_stack.h"

#include <pthread.h>

namespace p2p::host {

BoundedWorkerPool::BoundedWorkerPool(std::size_t threads_max, std::size_t queue_max, Logger& log)
    : threads_max_(threads_max), queue_max_(queue_max), log_(log) {}

BoundedWorkerPool::~BoundedWorkerPool() { stop(); }

bool BoundedWorkerPool::submit(std::function<void()> work) {
  const std::lock_guard hold(mutex_);
  if (is_stopping_ || queue_.size() >= queue_max_) return false;
  queue_.push_back(std::move(work));
  if (queue_.size() > idle_ && threads_.size() < threads_max_) {
    threads_.emplace_back([this] { run(); });
  } else {
    has_work_.notify_one();
  }
  return true;
}

std::size_t BoundedWorkerPool::queued() const {
  const std::lock_guard hold(mutex_);
  return queue_.size();
}

void BoundedWorkerPool::run() {
  const AlternateStack stack_for_signals;
  pthread_setname_np(pthread_self(), "p2p:worker");
  std::unique_lock hold(mutex_);
  for (;;) {
    ++idle_;
    has_work_.wait(hold, [this] { return is_stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    hold.unlock();
    try {
      work();
    } catch (const std::exception& failure) {
      log_.error("an exception left work on the worker pool: {}", failure.what());
    } catch (...) {
      log_.error("an exception of unknown type left work on the worker pool");
    }
    work = nullptr;  // release what it holds before waiting again
    hold.lock();
  }
}

void BoundedWorkerPool::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard hold(mutex_);
    is_stopping_ = true;
    threads.swap(threads_);
  }
  has_work_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace p2p::host
