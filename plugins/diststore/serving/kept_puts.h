// What becomes of a classic put that reaches a node which cannot pass it on at once, or had better not? It is kept here
// with the version of its arrival and handed over with everything else, confirmed and counted: who puts hears of
// nothing, a call that waits has a deadline, and one that runs late would be taken for newer than what was acknowledged
// since.
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
  // `kept` runs after each that is counted, from now on. Until then they are kept all the same.
  void when_kept(std::function<void()> kept) {
    const std::lock_guard hold(mutex_);
    kept_ = std::move(kept);
  }
  // This node leaves: puts of others' keys are kept from now on, whoever they come from. They may come so fast that
  // passed on they would overrun a node of the 2009 system, which serves one connection at a time.
  void keep_all() noexcept { keeps_all_.store(true); }
  bool keeps_all() const noexcept { return keeps_all_.load(std::memory_order_relaxed); }
  // None is kept any more; count() is final when this returns.
  void end() {
    const std::lock_guard hold(mutex_);
    has_ended_ = true;
    keeps_all_.store(false);
    kept_ = nullptr;
  }
  // Rises before a put can be found here, also for one that is refused then.
  std::int64_t count() const noexcept { return count_.load(); }
  // The same, once all that it counts can be found: who looks at the keys afterwards sees them.
  std::int64_t count_found() const {
    const std::lock_guard hold(mutex_);
    return count_.load();
  }

  // As LocalStore::keep(). False: nothing is kept, because none is any more, or `era` has ended.
  bool keep(LocalStore& local, std::string_view key, std::string_view value, Era era, Settled settled) {
    std::function<void()> kept;
    bool is_kept = false;
    {
      const std::lock_guard hold(mutex_);
      if (has_ended_) return false;
      count_.fetch_add(1);
      is_kept = local.keep(key, value, era, settled);
      kept = kept_;
    }
    if (kept) kept();
    return is_kept;
  }

 private:
  mutable std::mutex mutex_;
  bool has_ended_ = false;  // by mutex_
  std::atomic<bool> keeps_all_{false};
  std::atomic<std::int64_t> count_{0};
  std::function<void()> kept_;  // by mutex_
};

}  // namespace p2p::diststore
