#include "lifecycle/start_clock.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using namespace std::chrono_literals;

const TimePoint kBegin{1h};

TEST(StartClock, TimeSpentWaitingForOtherNodesIsNoStartTime) {
  StartClock clock(30s, 0s, kBegin);
  clock.pass(kBegin + 29s, false);
  clock.pass(kBegin + 10h, true);
  EXPECT_FALSE(clock.start_timed_out());
  EXPECT_FALSE(clock.network_timed_out());
  EXPECT_EQ(clock.waited(), 10h - 29s);
  clock.pass(kBegin + 10h + 1s, false);
  EXPECT_TRUE(clock.start_timed_out());
}

TEST(StartClock, AWaitHasALimitOfItsOwn) {
  StartClock clock(30s, 5s, kBegin);
  clock.pass(kBegin + 1s, false);
  clock.pass(kBegin + 5s, true);
  EXPECT_FALSE(clock.network_timed_out());
  clock.pass(kBegin + 6s, true);
  EXPECT_TRUE(clock.network_timed_out());
  EXPECT_FALSE(clock.start_timed_out());
}

TEST(StartClock, ALongWaitIsReportedAndThenOncePerPeriod) {
  StartClock clock(30s, 0s, kBegin);
  clock.pass(kBegin + kReportWaitAfter - 1ms, true);
  EXPECT_FALSE(clock.take_report_due());
  clock.pass(kBegin + kReportWaitAfter, true);
  EXPECT_TRUE(clock.take_report_due());
  EXPECT_FALSE(clock.take_report_due());
  clock.pass(kBegin + kReportWaitAfter + kReportWaitPeriod, true);
  EXPECT_TRUE(clock.take_report_due());
}

}  // namespace
}  // namespace p2p::host
