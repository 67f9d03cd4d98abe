#include "engine/fork_watch.h"

#include <pthread.h>

#include <atomic>

namespace p2p::client {
namespace {

// How often this process's ancestors have forked on the way to it, since the first client was made. Asking for the
// process's id at every call would be a system call each.
std::atomic<std::uint32_t> forks{0};

}  // namespace

ForkWatch::ForkWatch() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);  // fails for want of memory only; a child then waits as before
  made_in_ = forks.load(std::memory_order_relaxed);
}

bool ForkWatch::is_in_child() const noexcept { return forks.load(std::memory_order_relaxed) != made_in_; }

}  // namespace p2p::client
