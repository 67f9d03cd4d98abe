#include "replication/hybrid_clock.h"

#include <gtest/gtest.h>

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

TEST(Version, TheLaterStampWinsAndTheNodeOnlyAtATie) {
  EXPECT_LT((Version{1, 9}), (Version{2, 1}));
  EXPECT_LT((Version{2, 1}), (Version{2, 2}));
  EXPECT_EQ((Version{2, 2}), (Version{2, 2}));
  EXPECT_LT((Version{1, 0}), (Version{std::uint64_t{1} << 63, 0})) << "stamps are compared without a sign";
}

}  // namespace
}  // namespace p2p::diststore
