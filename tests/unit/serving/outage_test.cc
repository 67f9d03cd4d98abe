// A node that is out of reach: how long calls to it fail at once, and when it is tried again.
#include "peers/outage.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kOutageBegin{seconds(1000)};
const Error kRefused{ErrorKind::refused, "nobody listens"};

TEST(Outage, ThereIsNoneBeforeATryHasFailed) {
  const Outage outage(1);
  EXPECT_FALSE(outage.lasts(kOutageBegin, false));
  EXPECT_FALSE(outage.lasts(kOutageBegin, true));
}

TEST(Outage, CallsFailAtOnceUntilTheNextTryIsDue) {
  Outage outage(1);
  outage.begins(kRefused, kOutageBegin);
  EXPECT_TRUE(outage.lasts(kOutageBegin, false));
  EXPECT_TRUE(outage.lasts(kOutageBegin + kReconnectPause.first / 2, false));
  EXPECT_FALSE(outage.lasts(kOutageBegin + kReconnectPause.first, false));
}

// Of each try its own calls tell; who was not tried for must not count as another failed connect.
TEST(Outage, CallsFailInTheWordsOfTheLastTryButAsNotTried) {
  Outage outage(1);
  for (const ErrorKind kind : {ErrorKind::refused, ErrorKind::timed_out, ErrorKind::closed}) {
    outage.begins({kind, "no hello"}, kOutageBegin);
    EXPECT_EQ(outage.error().kind, ErrorKind::unreachable);
    EXPECT_EQ(outage.error().text.substr(0, 8), "no hello");
  }
}

TEST(Outage, ANodeThatSpeaksOtherwiseStaysOne) {
  Outage outage(1);
  outage.begins({ErrorKind::protocol, "another cluster"}, kOutageBegin);
  EXPECT_EQ(outage.error().kind, ErrorKind::protocol);
}

TEST(Outage, PausesGrowWithEachFailureAndAreAtMostHalfASecond) {
  Outage outage(1);
  TimePoint now = kOutageBegin;
  Duration shortest{};
  for (int failures = 0; failures < 10; ++failures) {
    outage.begins(kRefused, now);
    Duration pause{};
    while (outage.lasts(now + pause, false)) pause += milliseconds(1);
    EXPECT_LE(pause, kReconnectPause.max);
    EXPECT_GE(pause, shortest);
    shortest = std::min(kReconnectPause.first * (1 << failures), kReconnectPause.max) / 2;
    EXPECT_GE(pause, shortest);
    now += pause;
  }
  EXPECT_EQ(shortest, kReconnectPause.max / 2);
}

TEST(Outage, PausesOfDifferentNodesDiffer) {
  Outage one(1);
  Outage other(12345);
  int differences = 0;
  for (int failures = 0; failures < 10; ++failures) {
    one.begins(kRefused, kOutageBegin);
    other.begins(kRefused, kOutageBegin);
    for (Duration pause{}; pause < kReconnectPause.max; pause += milliseconds(1)) {
      differences += one.lasts(kOutageBegin + pause, false) != other.lasts(kOutageBegin + pause, false) ? 1 : 0;
    }
  }
  EXPECT_GT(differences, 0);
}

TEST(Outage, CallsDuringATryFailAtOnceWhileTheLastFailureIsFresh) {
  Outage outage(1);
  outage.begins(kRefused, kOutageBegin);
  EXPECT_TRUE(outage.lasts(kOutageBegin + kOutageMemory - milliseconds(1), true));
  EXPECT_FALSE(outage.lasts(kOutageBegin + kOutageMemory, true));
}

TEST(Outage, AfterASuccessOrALongTimeThePausesAreShortAgain) {
  for (const bool succeeds : {true, false}) {
    Outage outage(1);
    TimePoint now = kOutageBegin;
    for (int failures = 0; failures < 10; ++failures) outage.begins(kRefused, now);
    if (succeeds) {
      outage.is_over();
      EXPECT_FALSE(outage.lasts(now, false));
      EXPECT_FALSE(outage.lasts(now, true));
    } else {
      now += seconds(3600);
    }
    outage.begins(kRefused, now);
    EXPECT_FALSE(outage.lasts(now + kReconnectPause.first, false));
  }
}

}  // namespace
}  // namespace p2p::host
