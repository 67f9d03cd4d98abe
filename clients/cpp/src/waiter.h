// How does a thread wait for an answer that arrives on another one?
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace p2p::client {

// give() once, on any thread; take() once. Lives until take() has returned.
template <class T>
class Waiter final {
 public:
  void give(T value) {
    const std::lock_guard hold(mutex_);
    value_.emplace(std::move(value));
    given_.notify_one();  // under the lock: the taker may destroy this as soon as it has the value
  }

  T take() {
    std::unique_lock hold(mutex_);
    given_.wait(hold, [this] { return value_.has_value(); });
    return std::move(*value_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  std::optional<T> value_;
};

}  // namespace p2p::client
