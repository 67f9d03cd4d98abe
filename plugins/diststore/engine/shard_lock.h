// Who looks at a shard, and who changes it? Who looks takes the lock of the CPU that it runs on, so that readers on
// different CPUs have no lock and no dirty cache line in common, even where all of them want one key; who changes takes
// the locks of all. ("Big-reader lock", as Linux had one.)
#pragma once

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>
#include <thread>

namespace p2p::diststore {

class ShardLock final {
 public:
  // A change takes that many locks, of which each costs it 10 to 15 ns while nobody else wants it. With more CPUs some
  // have a lane in common.
  static constexpr std::size_t kLanesMax = 4;

  ShardLock() : count_(lanes()) {}

  // Several at a time; nobody changes anything meanwhile. A thread holds one at most.
  class [[nodiscard]] Reading {
   public:
    explicit Reading(const ShardLock& lock) : hold_(lock.lane_of_this_cpu()) {}
    void end() { hold_.unlock(); }

   private:
    std::unique_lock<std::mutex> hold_;
  };

  // Alone.
  class [[nodiscard]] Changing {
   public:
    explicit Changing(ShardLock& lock) : lock_(lock) {
      for (std::size_t lane = 0; lane < lock_.count_; ++lane) lock_.lanes_[lane].mutex.lock();
    }
    ~Changing() {
      for (std::size_t lane = lock_.count_; lane > 0; --lane) lock_.lanes_[lane - 1].mutex.unlock();
    }
    Changing(const Changing&) = delete;
    Changing& operator=(const Changing&) = delete;

   private:
    ShardLock& lock_;
  };

 private:
  // Asked of the system once, and not for each of an engine's shards.
  static std::size_t lanes() {
    static const std::size_t count = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kLanesMax);
    return count;
  }

  struct alignas(64) Lane {
    std::mutex mutex;
  };

  // The thread may be moved to another CPU right after: it then holds a lock that is another one's, which is as good.
  std::mutex& lane_of_this_cpu() const noexcept {
    const int cpu = sched_getcpu();  // reads a word of the thread's own memory, since glibc 2.35
    return lanes_[cpu < 0 ? 0 : static_cast<std::size_t>(cpu) % count_].mutex;
  }

  mutable std::array<Lane, kLanesMax> lanes_;
  const std::size_t count_;  // behind the lanes: a line that no reader writes to
};

}  // namespace p2p::diststore
