// What happens to a classic put that its receiver cannot or should not forward at once? It is kept here with the
// version of its arrival and handed over with everything else (H26), confirmed and counted: its caller gets no error, a
// waiting call has a deadline, and one that runs late would count as newer than what was acknowledged since.
#pragma once

#include "classic/local_store.h"

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
  // From now on `kept` runs after each counted put. Earlier puts are kept all the same.
  void when_kept(std::function<void()> kept) {
    const std::lock_guard hold(mutex_);
    kept_ = std::move(kept);
  }
  // This node leaves: from now on all puts for other nodes' keys are kept. They may come so fast that, forwarded, they
  // would overrun a node of the 2009 system, which serves one connection at a time.
  void keep_all() noexcept { keeps_all_.store(true); }
  bool keeps_all() const noexcept { return keeps_all_.load(std::memory_order_relaxed); }
  // No put is kept any more; count() is final when this returns.
  void end() {
    const std::lock_guard hold(mutex_);
    has_ended_ = true;
    keeps_all_.store(false);
    kept_ = nullptr;
  }
  // Incremented before a put can be found here, even for one that is then refused.
  std::int64_t count() const noexcept { return count_.load(); }
  // The same, once all that it counts can be found: a later scan sees them.
  std::int64_t count_found() const {
    const std::lock_guard hold(mutex_);
    return count_.load();
  }

  // As LocalStore::keep(). False: not kept, because end() was called or `view_version` has ended.
  Result<bool> keep(LocalStore& local, std::string_view key, std::string_view value, ViewVersion view_version,
                    Confirmed confirmed) {
    std::function<void()> kept;
    Result<bool> is_kept = false;
    {
      const std::lock_guard hold(mutex_);
      if (has_ended_) return false;
      count_.fetch_add(1);
      is_kept = local.keep(key, value, view_version, confirmed);
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
