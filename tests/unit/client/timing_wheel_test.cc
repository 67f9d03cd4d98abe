#include "engine/timing_wheel.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace p2p::client {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};

TEST(TimingWheel, TellsWhatIsDueNeverEarlyAndAtMostATickLate) {
  TimingWheel wheel(kStart);
  Call call;
  wheel.add(call, kStart + 10 * kTick + Duration(1));
  EXPECT_EQ(wheel.take_due(kStart + 10 * kTick), nullptr);
  EXPECT_EQ(wheel.take_due(kStart + 11 * kTick), &call);
  EXPECT_TRUE(wheel.is_empty());
}

TEST(TimingWheel, ForgetsWhatIsRemovedAlsoBetweenTwoThatAreDue) {
  TimingWheel wheel(kStart);
  Call first;
  Call second;
  wheel.add(first, kStart + kTick);
  wheel.add(second, kStart + kTick);
  Call* const due = wheel.take_due(kStart + 2 * kTick);
  ASSERT_NE(due, nullptr);
  wheel.remove(due == &first ? second : first);
  EXPECT_EQ(wheel.take_due(kStart + 3 * kTick), nullptr);
  EXPECT_TRUE(wheel.is_empty());
}

TEST(TimingWheel, KeepsDeadlinesOfLaterTurns) {
  TimingWheel wheel(kStart);
  Call call;
  const TimePoint at = kStart + kTick * static_cast<std::int64_t>(3 * kSlots + 5);
  wheel.add(call, at);
  for (TimePoint now = kStart; now < at; now += 100 * kTick) EXPECT_EQ(wheel.take_due(now), nullptr);
  EXPECT_EQ(wheel.take_due(at), &call);
}

TEST(TimingWheel, TellsEverythingAfterAPauseOfManyTurns) {
  TimingWheel wheel(kStart);
  std::vector<Call> calls(100);
  for (std::size_t at = 0; at < calls.size(); ++at)
    wheel.add(calls[at], kStart + kTick * static_cast<std::int64_t>(37 * at));
  std::set<Call*> told;
  while (Call* call = wheel.take_due(kStart + kTick * static_cast<std::int64_t>(50 * kSlots))) told.insert(call);
  EXPECT_EQ(told.size(), calls.size());
}

TEST(TimingWheel, AgreesWithAPlainListUnderRandomUse) {
  std::mt19937 random(1);
  TimingWheel wheel(kStart);
  std::vector<Call> calls(200);
  std::set<Call*> in_wheel;
  TimePoint now = kStart;
  for (int step = 0; step < 20'000; ++step) {
    Call& call = calls[random() % calls.size()];
    if (in_wheel.contains(&call)) {
      if (random() % 2 == 0) {
        wheel.remove(call);
        in_wheel.erase(&call);
      }
    } else {
      call.deadline = now + Duration(random() % 8'000'000'000);
      wheel.add(call, call.deadline);
      in_wheel.insert(&call);
    }
    now += Duration(random() % 20'000'000);
    while (Call* due = wheel.take_due(now)) {
      ASSERT_LE(due->deadline, now);
      ASSERT_EQ(in_wheel.erase(due), 1U);
    }
    for (Call* waiting : in_wheel) ASSERT_GT(waiting->deadline + kTick, now - kTick);
  }
}

}  // namespace
}  // namespace p2p::client
