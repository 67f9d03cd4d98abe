// How long a drain may go on.
#include "lifecycle/drain_patience.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using namespace std::chrono_literals;
using Verdict = DrainPatience::Verdict;

constexpr TimePoint kBegin{1h};

TEST(DrainPatience, ADrainThatGetsNoFurtherIsGivenUp) {
  DrainPatience patience(kBegin, 10s, 15min);
  EXPECT_EQ(patience.look(kBegin, 0), Verdict::goes_on);
  EXPECT_EQ(patience.look(kBegin + 10s - 1ms, 0), Verdict::goes_on);
  EXPECT_EQ(patience.look(kBegin + 10s, 0), Verdict::stuck);
  EXPECT_EQ(patience.why_given_up(), "has not drained, and got no further for [host] drain_timeout = 10s");
}

TEST(DrainPatience, EachStepBeginsItsTimeAnew) {
  DrainPatience patience(kBegin, 10s, 15min);
  for (int step = 1; step <= 60; ++step) EXPECT_EQ(patience.look(kBegin + step * 9s, step), Verdict::goes_on) << step;
  EXPECT_EQ(patience.look(kBegin + 60 * 9s + 10s, 60), Verdict::stuck);
}

TEST(DrainPatience, TheLimitHoldsHoweverFarItGets) {
  DrainPatience patience(kBegin, 10s, 1min);
  for (int second = 1; second < 60; ++second) EXPECT_EQ(patience.look(kBegin + second * 1s, second), Verdict::goes_on);
  EXPECT_EQ(patience.look(kBegin + 1min, 60), Verdict::too_long);
  EXPECT_EQ(patience.why_given_up(), "has not drained within [host] drain_limit = 1m");
}

TEST(DrainPatience, WithoutATimeNothingIsWaitedFor) {
  EXPECT_EQ(DrainPatience(kBegin, 0s, 1min).look(kBegin, 0), Verdict::stuck);
  EXPECT_EQ(DrainPatience(kBegin, 10s, 0s).look(kBegin, 0), Verdict::too_long);
}

}  // namespace
}  // namespace p2p::host
