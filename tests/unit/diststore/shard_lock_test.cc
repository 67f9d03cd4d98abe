// Readers beside each other, and nobody beside a change.
#include "engine/memory/shard_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace p2p::diststore {
namespace {

TEST(ShardLock, NobodyReadsWhatIsHalfChanged) {
  constexpr int kChanges = 2'000;
  ShardLock lock;
  int first = 0;
  int second = 0;  // always the same, but within a change
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      for (bool is_over = false; !is_over;) {
        const ShardLock::Reading hold(lock);
        torn += first != second;
        is_over = first == kChanges;
      }
    });
  }
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&] {
      for (int change = 0; change < kChanges / 2; ++change) {
        const ShardLock::Changing hold(lock);
        ++first;
        std::this_thread::yield();
        ++second;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(second, kChanges) << "changes are made one at a time, too";
}

TEST(ShardLock, WhatAReaderHasLetGoOfCanBeChanged) {
  ShardLock lock;
  ShardLock::Reading reading(lock);
  reading.end();
  const ShardLock::Changing changing(lock);
}

}  // namespace
}  // namespace p2p::diststore
