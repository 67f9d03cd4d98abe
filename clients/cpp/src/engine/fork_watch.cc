#include "engine/fork_watch.h"

#include <pthread.h>

#include <atomic>

namespace p2p::client {
namespace {

// The number of forks between the process that made the first client and this one. Asking for the process id instead
// would cost a system call per call.
std::atomic<std::uint32_t> forks{0};

}  // namespace

ForkWatch::ForkWatch() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);  // fails only when out of memory; forks then go unnoticed
  made_in_ = forks.load(std::memory_order_relaxed);
}

bool ForkWatch::is_in_child() const noexcept { return forks.load(std::memory_order_relaxed) != made_in_; }

}  // namespace p2p::client
