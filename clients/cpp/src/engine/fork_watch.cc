#include "engine/fork_watch.h"

#include <pthread.h>

#include <atomic>

namespace p2p::client {
namespace {

// How many forks led to this process since the first client was made. Checking the process id would cost a system call
// for every call.
std::atomic<std::uint32_t> forks{0};

}  // namespace

ForkWatch::ForkWatch() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);  // fails only for lack of memory; a child then waits as before
  made_in_ = forks.load(std::memory_order_relaxed);
}

bool ForkWatch::is_in_child() const noexcept { return forks.load(std::memory_order_relaxed) != made_in_; }

}  // namespace p2p::client
