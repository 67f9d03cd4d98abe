// Who may read a shard, and who may change it? A reader takes only the lock of its own CPU, so that readers on
// different CPUs share no lock and no dirty cache line, even if all of them want one key; a writer takes the locks of
// all. (A "big-reader lock", as Linux had.)
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
  // A writer takes this many locks, each 10 to 15 ns when uncontended. With more CPUs some share a lane.
  static constexpr std::size_t kLanesMax = 4;

  ShardLock() : count_(lanes()) {}

  // Shared by readers, excludes writers. A thread holds one at most.
  class [[nodiscard]] Reading {
   public:
    explicit Reading(const ShardLock& lock) : hold_(lock.lane_of_this_cpu()) {}
    void end() { hold_.unlock(); }

   private:
    std::unique_lock<std::mutex> hold_;
  };

  // Exclusive.
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
  // Asks the system once, not for each shard of an engine.
  static std::size_t lanes() {
    static const std::size_t count = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kLanesMax);
    return count;
  }

  struct alignas(64) Lane {
    std::mutex mutex;
  };

  // The thread may move to another CPU right after: it then holds another CPU's lock, which is as good.
  std::mutex& lane_of_this_cpu() const noexcept {
    const int cpu = sched_getcpu();  // reads a word of the thread's own memory, since glibc 2.35
    return lanes_[cpu < 0 ? 0 : static_cast<std::size_t>(cpu) % count_].mutex;
  }

  mutable std::array<Lane, kLanesMax> lanes_;
  const std::size_t count_;  // after the lanes: on a cache line that no reader writes to
};

}  // namespace p2p::diststore
