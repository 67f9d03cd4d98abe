#include "lifecycle/start_clock.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using namespace std::chrono_literals;

const TimePoint kBegin{1h};

TEST(StartClock, ATimeInWhichAServiceWaitsForOthersIsNotTheStarts) {
  StartClock clock(30s, 0s, kBegin);
  clock.pass(kBegin + 29s, false);
  clock.pass(kBegin + 10h, true);
  EXPECT_FALSE(clock.start_is_over());
  EXPECT_FALSE(clock.network_is_over());
  EXPECT_EQ(clock.waited(), 10h - 29s);
  clock.pass(kBegin + 10h + 1s, false);
  EXPECT_TRUE(clock.start_is_over());
}

TEST(StartClock, AWaitHasALimitOfItsOwn) {
  StartClock clock(30s, 5s, kBegin);
  clock.pass(kBegin + 1s, false);
  clock.pass(kBegin + 5s, true);
  EXPECT_FALSE(clock.network_is_over());
  clock.pass(kBegin + 6s, true);
  EXPECT_TRUE(clock.network_is_over());
  EXPECT_FALSE(clock.start_is_over());
}

TEST(StartClock, AWaitIsToldWhenItLastsAndThenOnceAPeriod) {
  StartClock clock(30s, 0s, kBegin);
  clock.pass(kBegin + kTellWaitAfter - 1ms, true);
  EXPECT_FALSE(clock.take_telling());
  clock.pass(kBegin + kTellWaitAfter, true);
  EXPECT_TRUE(clock.take_telling());
  EXPECT_FALSE(clock.take_telling());
  clock.pass(kBegin + kTellWaitAfter + kTellWaitPeriod, true);
  EXPECT_TRUE(clock.take_telling());
}

}  // namespace
}  // namespace p2p::host
