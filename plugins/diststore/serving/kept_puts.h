// What becomes of a classic put that reaches a node which leaves? It is kept here and handed over with everything else,
// confirmed and counted, instead of being passed on at once: whoever puts so fast may be handing over itself, and its
// keys would overrun the next node of its kind, which serves one connection at a time.
#pragma once

#include "serving/local_store.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <utility>

namespace p2p::diststore {

// Every method: [any thread].
class KeptPuts final {
 public:
  // From now on puts are kept; `kept` runs after each.
  void begin(std::function<void()> kept) {
    const std::lock_guard hold(mutex_);
    kept_ = std::move(kept);
    is_on_.store(true);
  }
  // None is kept any more; count() is final when this returns.
  void end() {
    const std::lock_guard hold(mutex_);
    is_on_.store(false);
    kept_ = nullptr;
  }
  bool is_on() const noexcept { return is_on_.load(std::memory_order_relaxed); }
  std::int64_t count() const noexcept { return count_.load(); }

  // False: nothing was done, because none is kept any more, or `era` has ended.
  bool keep(LocalStore& local, std::string_view key, std::string_view value, Era era) {
    std::function<void()> kept;
    {
      const std::lock_guard hold(mutex_);
      if (!is_on_.load() || !local.keep(key, value, era)) return false;
      count_.fetch_add(1);
      kept = kept_;
    }
    kept();
    return true;
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> is_on_{false};
  std::atomic<std::int64_t> count_{0};
  std::function<void()> kept_;
};

}  // namespace p2p::diststore
