// Is each call told of its own answer, or of its deadline, and never of another call's answer?
#include "peers/waiting_calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace p2p::host {
namespace {

using std::chrono::milliseconds;

struct Caller final : ReplyHandler {
  void replied(std::string_view) override {}
  void failed(Error) override {}
};

TimePoint at(int ms) { return TimePoint(milliseconds(ms)); }

TEST(WaitingCallsTest, ACallIsTakenOutOnceByItsOwnId) {
  WaitingCalls calls;
  Caller a;
  Caller b;
  const auto first = calls.add(a, at(10));
  const auto second = calls.add(b, at(10));
  EXPECT_GT(first, 0);
  EXPECT_NE(first, second);
  EXPECT_EQ(calls.find_taker(first), &a);
  EXPECT_EQ(calls.take(second), &b);
  EXPECT_EQ(calls.take(second), nullptr) << "an answer that comes twice";
  EXPECT_EQ(calls.take(first), &a);
  EXPECT_TRUE(calls.empty());
  EXPECT_EQ(calls.take(0), nullptr);
  EXPECT_EQ(calls.take(-1), nullptr);
  EXPECT_EQ(calls.take(12'345), nullptr);
}

TEST(WaitingCallsTest, UrgentCallsAreCountedByThemselves) {
  WaitingCalls calls;
  Caller a;
  Caller b;
  Caller c;
  calls.add(a, at(10), Urgency::must_try);
  const auto second = calls.add(b, at(20), Urgency::must_try);
  calls.add(c, at(30));
  EXPECT_EQ(calls.waiting(Urgency::must_try), 2u);
  EXPECT_EQ(calls.waiting(Urgency::fails_fast), 1u);
  calls.take_overdue(at(10));
  EXPECT_EQ(calls.waiting(Urgency::must_try), 1u);
  calls.take(second);
  EXPECT_EQ(calls.waiting(Urgency::must_try), 0u);
  calls.check();
}

TEST(WaitingCallsTest, OverdueCallsComeOutInTheOrderOfTheirDeadlines) {
  WaitingCalls calls;
  Caller late;
  Caller soon;
  Caller middle;
  calls.add(late, at(30));
  calls.add(soon, at(10));
  calls.add(middle, at(20));
  EXPECT_EQ(calls.next_deadline(), at(10));
  EXPECT_EQ(calls.take_overdue(at(9)).taker, nullptr);
  EXPECT_EQ(calls.take_overdue(at(25)).taker, &soon);
  EXPECT_EQ(calls.take_overdue(at(25)).taker, &middle);
  EXPECT_EQ(calls.take_overdue(at(25)).taker, nullptr);
  EXPECT_EQ(calls.next_deadline(), at(30));
  EXPECT_EQ(calls.waiting(), 1u);
  EXPECT_EQ(calls.late(), 2u);
}

TEST(WaitingCallsTest, ItIsKnownOfEachCallWhetherItWasSent) {
  WaitingCalls calls;
  Caller sent;
  Caller queued;
  calls.sent(calls.add(sent, at(10)));
  calls.add(queued, at(20));
  EXPECT_TRUE(calls.take_overdue(at(10)).was_sent);
  EXPECT_FALSE(calls.clear().front().was_sent);
  EXPECT_FALSE(calls.add(queued, at(10)) == 0);
  EXPECT_FALSE(calls.take_overdue(at(10)).was_sent) << "nor is it of one that takes up its place";
}

TEST(WaitingCallsTest, TheIdOfAnOverdueCallIsNotUsedAgainBeforeItsAnswerHasCome) {
  WaitingCalls calls;
  Caller gone;
  Caller other;
  const auto overdue = calls.add(gone, at(1));
  ASSERT_EQ(calls.take_overdue(at(1)).taker, &gone);
  EXPECT_EQ(calls.find_taker(overdue), nullptr);
  // More often than an id tells its uses apart.
  for (int turn = 0; turn < 10'000; ++turn) {
    const auto id = calls.add(other, at(100));
    ASSERT_NE(id, overdue);
    ASSERT_EQ(calls.take(id), &other);
  }
  EXPECT_EQ(calls.take(overdue), nullptr) << "its answer has come, and nobody waits for it";
  EXPECT_EQ(calls.late(), 0u);
}

TEST(WaitingCallsTest, ClearHandsOutThoseThatWaitAndForgetsTheLateOnes) {
  WaitingCalls calls;
  Caller a;
  Caller b;
  Caller gone;
  calls.add(gone, at(1));
  calls.take_overdue(at(1));
  calls.add(b, at(20));
  calls.add(a, at(10));
  const auto all = calls.clear();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].taker, &a);
  EXPECT_EQ(all[1].taker, &b);
  EXPECT_TRUE(calls.empty());
  EXPECT_EQ(calls.late(), 0u);
  EXPECT_EQ(calls.next_deadline(), std::nullopt);
  calls.check();
}

TEST(WaitingCallsTest, AnyMixtureOfAnswersAndDeadlinesReachesTheRightCalls) {
  std::mt19937 random(1);
  WaitingCalls calls;
  std::map<std::int32_t, std::pair<Caller*, int>> expected;  // by id: who, and its deadline
  std::set<std::int32_t> late;
  std::vector<Caller> callers(2'000);
  std::size_t next = 0;
  for (int now = 0; now < 5'000; ++now) {
    for (unsigned i = random() % 4; i > 0; --i) {
      Caller& caller = callers[next++ % callers.size()];
      const int deadline = now + 1 + static_cast<int>(random() % 50);
      const auto id = calls.add(caller, at(deadline));
      ASSERT_FALSE(expected.contains(id));
      ASSERT_FALSE(late.contains(id));
      expected[id] = {&caller, deadline};
    }
    for (unsigned i = random() % 4; i > 0 && !expected.empty(); --i) {
      auto answered = expected.lower_bound(static_cast<std::int32_t>(random() & 0x7fffffff));
      if (answered == expected.end()) answered = expected.begin();
      ASSERT_EQ(calls.take(answered->first), answered->second.first);
      expected.erase(answered);
    }
    while (ReplyHandler* overdue = calls.take_overdue(at(now)).taker) {
      const auto found = std::find_if(expected.begin(), expected.end(), [&](const auto& call) {
        return call.second.first == overdue && call.second.second <= now;
      });
      ASSERT_NE(found, expected.end());
      late.insert(found->first);
      expected.erase(found);
    }
    for (const auto& [id, call] : expected) ASSERT_GT(call.second, now);
    if (random() % 3 == 0 && !late.empty()) {
      ASSERT_EQ(calls.take(*late.begin()), nullptr);
      late.erase(late.begin());
    }
    ASSERT_EQ(calls.waiting(), expected.size());
    ASSERT_EQ(calls.late(), late.size());
    calls.check();
  }
}

}  // namespace
}  // namespace p2p::host
