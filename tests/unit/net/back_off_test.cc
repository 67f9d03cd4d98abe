// How pauses between tries grow.
#include "net/back_off.h"

#include <gtest/gtest.h>

#include <random>

namespace p2p::net {
namespace {

using std::chrono::milliseconds;

constexpr BackOff kBackOff{milliseconds(50), milliseconds(500)};

TEST(BackOff, ThePauseDoublesWithEachFailureUpToItsLimit) {
  EXPECT_EQ(kBackOff.after(1), milliseconds(50));
  EXPECT_EQ(kBackOff.after(2), milliseconds(100));
  EXPECT_EQ(kBackOff.after(4), milliseconds(400));
  EXPECT_EQ(kBackOff.after(5), milliseconds(500));
  EXPECT_EQ(kBackOff.after(UINT32_MAX), milliseconds(500));
}

TEST(BackOff, WithoutAFailureThereIsNoPause) { EXPECT_EQ(kBackOff.after(0), Duration::zero()); }

TEST(BackOff, TheFirstPauseKeepsTheLimitToo) {
  EXPECT_EQ((BackOff{milliseconds(50), milliseconds(20)}.after(1)), milliseconds(20));
}

TEST(BackOff, JitterShortensAPauseByHalfAtMost) {
  std::minstd_rand random(1);
  Duration least = milliseconds(100);
  Duration most{};
  for (int draw = 0; draw < 1000; ++draw) {
    const Duration pause = with_jitter(milliseconds(100), random);
    least = std::min(least, pause);
    most = std::max(most, pause);
  }
  EXPECT_GE(least, milliseconds(50));
  EXPECT_LT(least, milliseconds(55));
  EXPECT_LE(most, milliseconds(100));
  EXPECT_GT(most, milliseconds(95));
}

}  // namespace
}  // namespace p2p::net
