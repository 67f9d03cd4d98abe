#include "net/deadline_wheel.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace p2p::net {
namespace {

struct Call : DeadlineWheel::Entry {
  TimePoint deadline{};
};

constexpr TimePoint kStart{std::chrono::hours(1)};

TEST(DeadlineWheel, TellsWhatIsDueNeverEarlyAndAtMostATickLate) {
  DeadlineWheel wheel(kStart);
  Call call;
  wheel.add(call, kStart + 10 * DeadlineWheel::kTick + Duration(1));
  EXPECT_EQ(wheel.take_due(kStart + 10 * DeadlineWheel::kTick), nullptr);
  EXPECT_EQ(wheel.take_due(kStart + 11 * DeadlineWheel::kTick), &call);
  EXPECT_TRUE(wheel.is_empty());
}

TEST(DeadlineWheel, ForgetsWhatIsRemovedAlsoBetweenTwoThatAreDue) {
  DeadlineWheel wheel(kStart);
  Call first;
  Call second;
  wheel.add(first, kStart + DeadlineWheel::kTick);
  wheel.add(second, kStart + DeadlineWheel::kTick);
  const DeadlineWheel::Entry* const due = wheel.take_due(kStart + 2 * DeadlineWheel::kTick);
  ASSERT_NE(due, nullptr);
  wheel.remove(due == &first ? second : first);
  EXPECT_EQ(wheel.take_due(kStart + 3 * DeadlineWheel::kTick), nullptr);
  EXPECT_TRUE(wheel.is_empty());
}

TEST(DeadlineWheel, KeepsDeadlinesOfLaterTurns) {
  DeadlineWheel wheel(kStart);
  Call call;
  const TimePoint at = kStart + DeadlineWheel::kTick * static_cast<std::int64_t>(3 * DeadlineWheel::kSlots + 5);
  wheel.add(call, at);
  for (TimePoint now = kStart; now < at; now += 100 * DeadlineWheel::kTick) EXPECT_EQ(wheel.take_due(now), nullptr);
  EXPECT_EQ(wheel.take_due(at), &call);
}

TEST(DeadlineWheel, TellsEverythingAfterAPauseOfManyTurns) {
  DeadlineWheel wheel(kStart);
  std::vector<Call> calls(100);
  for (std::size_t at = 0; at < calls.size(); ++at)
    wheel.add(calls[at], kStart + DeadlineWheel::kTick * static_cast<std::int64_t>(37 * at));
  std::set<DeadlineWheel::Entry*> told;
  while (auto* call =
             wheel.take_due(kStart + DeadlineWheel::kTick * static_cast<std::int64_t>(50 * DeadlineWheel::kSlots)))
    told.insert(call);
  EXPECT_EQ(told.size(), calls.size());
}

TEST(DeadlineWheel, AgreesWithAPlainListUnderRandomUse) {
  std::mt19937 random(1);
  DeadlineWheel wheel(kStart);
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
    while (auto* entry = wheel.take_due(now)) {
      auto* due = static_cast<Call*>(entry);
      ASSERT_LE(due->deadline, now);
      ASSERT_EQ(in_wheel.erase(due), 1U);
    }
    for (Call* waiting : in_wheel) ASSERT_GT(waiting->deadline + DeadlineWheel::kTick, now - DeadlineWheel::kTick);
  }
}

}  // namespace
}  // namespace p2p::net
