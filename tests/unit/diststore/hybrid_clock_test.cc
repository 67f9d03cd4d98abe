#include "replication/hybrid_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

namespace p2p::diststore {
namespace {

constexpr std::uint64_t kNow = 1'700'000'000'000;

TEST(HybridClock, AStampCarriesTheTimeThatWasTold) {
  HybridClock clock;
  EXPECT_EQ(clock.issue(kNow), stamp_of(kNow));
  EXPECT_EQ(milliseconds_of(clock.last()), kNow);
}

TEST(HybridClock, StampsWithinOneMillisecondDiffer) {
  HybridClock clock;
  const Stamp first = clock.issue(kNow);
  EXPECT_EQ(clock.issue(kNow), first + 1);
  EXPECT_EQ(milliseconds_of(clock.last()), kNow);
}

TEST(HybridClock, StampsGrowWhenTheTimeJumpsBack) {
  HybridClock clock;
  const Stamp before = clock.issue(kNow);
  EXPECT_EQ(clock.issue(kNow - 3'600'000), before + 1);
}

TEST(HybridClock, AFullCounterRunsOverIntoTheNextMillisecond) {
  HybridClock clock;
  Stamp last = 0;
  for (int i = 0; i < 65'536; ++i) last = clock.issue(kNow);
  EXPECT_EQ(milliseconds_of(last), kNow);
  EXPECT_EQ(clock.issue(kNow), stamp_of(kNow + 1));
  EXPECT_EQ(clock.issue(kNow + 1), stamp_of(kNow + 1) + 1) << "the next millisecond has been begun";
}

TEST(HybridClock, AStampIsAboveEveryStampAccepted) {
  HybridClock clock;
  const Stamp heard = stamp_of(kNow + 500) + 3;
  EXPECT_TRUE(clock.accept(heard, kNow));
  EXPECT_EQ(clock.issue(kNow), heard + 1);
}

TEST(HybridClock, AnOlderStampChangesNothing) {
  HybridClock clock;
  const Stamp last = clock.issue(kNow);
  EXPECT_TRUE(clock.accept(last - 1, kNow));
  EXPECT_EQ(clock.last(), last);
}

TEST(HybridClock, TenSecondsAheadAreAcceptedAndMoreIsNot) {
  HybridClock clock;
  EXPECT_FALSE(clock.accept(stamp_of(kNow + kSkewMaxMs + 1), kNow));
  EXPECT_EQ(clock.last(), 0u);
  EXPECT_TRUE(clock.accept(stamp_of(kNow + kSkewMaxMs), kNow));
  EXPECT_EQ(clock.last(), stamp_of(kNow + kSkewMaxMs));
}

TEST(HybridClock, AnAbsurdStampIsRefused) {
  HybridClock clock;
  EXPECT_FALSE(clock.accept(~Stamp{0}, kNow));
  EXPECT_EQ(clock.issue(kNow), stamp_of(kNow));
}

TEST(HybridClock, WhoHeardOfAWriteWritesAboveItWhoeverHasTheSlowerClock) {
  HybridClock fast;
  HybridClock slow;
  constexpr std::uint64_t kAhead = 5'000;
  Stamp last = 0;
  for (std::uint64_t passed = 0; passed < 100; ++passed) {
    const Stamp by_fast = fast.issue(kNow + kAhead + passed);
    EXPECT_GT(by_fast, last);
    EXPECT_TRUE(slow.accept(by_fast, kNow + passed));
    const Stamp by_slow = slow.issue(kNow + passed);
    EXPECT_GT(by_slow, by_fast);
    EXPECT_TRUE(fast.accept(by_slow, kNow + kAhead + passed));
    last = by_slow;
  }
  EXPECT_LE(milliseconds_of(last), kNow + kAhead + 100) << "they do not drive each other ahead of the faster one";
}

TEST(HybridClock, WhenTheTimeHasCaughtUpStampsCarryItAgain) {
  HybridClock clock;
  EXPECT_TRUE(clock.accept(stamp_of(kNow + 500) + 3, kNow));
  EXPECT_EQ(clock.issue(kNow + 499), stamp_of(kNow + 500) + 4);
  EXPECT_EQ(clock.issue(kNow + 501), stamp_of(kNow + 501));
}

TEST(HybridClock, AClockThatWasSetBackAcceptsWhatItIssuedAndGoesOnAboveIt) {
  HybridClock clock;
  const Stamp before = clock.issue(kNow + 3'600'000);
  EXPECT_FALSE(clock.accept(before + 1, kNow)) << "from another node it is too far ahead";
  EXPECT_EQ(clock.last(), before);
  EXPECT_TRUE(clock.accept(stamp_of(kNow + 1), kNow));
  EXPECT_EQ(clock.issue(kNow + 2), before + 1);
}

TEST(HybridClock, ThreadsNeverGetTheSameStamp) {
  HybridClock clock;
  std::vector<std::vector<Stamp>> issued(4);
  std::vector<std::thread> threads;
  for (auto& mine : issued) {
    threads.emplace_back([&clock, &mine] {
      for (std::uint64_t i = 0; i < 5'000; ++i) {
        EXPECT_TRUE(i % 7 != 0 || clock.accept(stamp_of(kNow + i / 10) + i, kNow));
        mine.push_back(clock.issue(kNow + i / 10));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Stamp> all;
  for (const auto& mine : issued) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 20'000u);
}

TEST(Version, TheLaterStampWinsAndTheNodeOnlyAtATie) {
  EXPECT_LT((Version{1, 9}), (Version{2, 1}));
  EXPECT_LT((Version{2, 1}), (Version{2, 2}));
  EXPECT_EQ((Version{2, 2}), (Version{2, 2}));
  EXPECT_LT((Version{1, 0}), (Version{std::uint64_t{1} << 63, 0})) << "stamps are compared without a sign";
}

}  // namespace
}  // namespace p2p::diststore
