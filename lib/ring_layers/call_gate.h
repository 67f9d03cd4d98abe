// How does a registration end while its object may be called on another thread? The gate lets calls through until it is
// closed; closing waits for a call in progress.
#pragma once

#include <p2p/assert.h>
#include <p2p/thread_check.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace p2p::ring {

class CallGate final {
 public:
  // Runs `body` with no lock held; false, and nothing happened, when the gate is closed. One thread at a time; `body`
  // may re-enter.
  template <class Body>
  bool run(Body&& body) {
    if (!enter()) return false;
    const Leaver leaver{*this};
    body();
    return true;
  }

  // When it returns nothing runs any more, unless it was called from within `body`. [any thread]
  void close() {
    std::unique_lock hold(mutex_);
    is_closed_ = true;
    if (inside_ > 0 && runs_on_ == std::this_thread::get_id()) return;
    is_empty_.wait(hold, [this] { return inside_ == 0; });
  }

 private:
  struct Leaver {
    CallGate& gate;
    ~Leaver() { gate.leave(); }
  };

  bool enter() {
    const std::lock_guard hold(mutex_);
    if (is_closed_) return false;
    P2P_ASSERT_THREAD(inside_ == 0 || runs_on_ == std::this_thread::get_id());
    ++inside_;
    runs_on_ = std::this_thread::get_id();
    return true;
  }
  void leave() {
    const std::lock_guard hold(mutex_);
    P2P_ASSERT(inside_ > 0, "who leaves a gate is inside");
    if (--inside_ == 0) is_empty_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable is_empty_;
  std::thread::id runs_on_;
  int inside_ = 0;
  bool is_closed_ = false;
};

}  // namespace p2p::ring
