#include "history/measures.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace p2p::history {
namespace {

constexpr Moment kMs = 1'000'000;
constexpr Moment kBegin = 5'000 * kMs;

Operation call(Moment begin_ms, Moment end_ms, Ending ending = Ending::ok) {
  Operation one{.key = "k", .ending = ending};
  one.invoked_at = kBegin + begin_ms * kMs;
  one.returned_at = kBegin + end_ms * kMs;
  return one;
}

void answered(Measures& measures, Moment begin_ms, Moment end_ms, std::size_t owner) {
  measures.note(call(begin_ms, end_ms), owner, "", "");
}

TEST(Measures, TheLongestGapIsBetweenAnswersAndNotBetweenFailures) {
  Measures measures({"a", "b"}, kBegin);
  answered(measures, 0, 10, 0);
  answered(measures, 0, 20, 1);
  measures.note(call(20, 100, Ending::unknown), 0, "timed_out", "client 1 waited");
  answered(measures, 100, 150, 1);
  answered(measures, 150, 200, 0);
  const auto told = measures.summary(kBegin + 210 * kMs);
  EXPECT_EQ(told["longest_gap_ms"], 130);
  EXPECT_EQ(told["longest_gap_from_ns"], kBegin + 20 * kMs);
  EXPECT_EQ(told["gap_ms_by_owner"]["a"], 190);
  EXPECT_EQ(told["gap_ms_by_owner"]["b"], 130);
}

TEST(Measures, AGapReachesFromTheBeginningToTheEnd) {
  Measures measures({"a"}, kBegin);
  EXPECT_EQ(measures.summary(kBegin + 70 * kMs)["longest_gap_ms"], 70);
  answered(measures, 30, 40, 0);
  EXPECT_EQ(measures.summary(kBegin + 500 * kMs)["longest_gap_ms"], 460);
}

TEST(Measures, CountsEndingsAndErrorsAndKeepsTheFirstTexts) {
  Measures measures({"a"}, kBegin);
  for (std::size_t count = 0; count < 2 * kSamplesMax; ++count) {
    measures.note(call(0, 1, Ending::refused), 0, "refused", "text");
  }
  answered(measures, 0, 1, 0);
  const auto told = measures.summary(kBegin);
  EXPECT_EQ(told["operations"], 2 * kSamplesMax + 1);
  EXPECT_EQ(told["refused"], 2 * kSamplesMax);
  EXPECT_EQ(told["ok"], 1);
  EXPECT_EQ(told["unknown"], 0);
  EXPECT_EQ(told["errors"]["refused"], 2 * kSamplesMax);
  EXPECT_EQ(told["error_samples"].size(), kSamplesMax);
}

TEST(Measures, TellsLatenciesBySecondAndOwner) {
  Measures measures({"a", "b"}, kBegin);
  for (Moment count = 1; count <= 100; ++count) answered(measures, 100, 100 + count, 0);
  answered(measures, 1'500, 1'507, 1);
  const auto told = measures.summary(kBegin + 2'000 * kMs);
  ASSERT_EQ(told["windows"].size(), 2u);
  EXPECT_EQ(told["windows"][0]["by_owner"]["a"]["p99_us"], 99'000);
  EXPECT_EQ(told["windows"][0]["by_owner"]["b"]["calls"], 0);
  EXPECT_EQ(told["windows"][1]["by_owner"]["b"]["max_us"], 7'000);
  EXPECT_EQ(told["latencies"]["calls"], 101);
}

TEST(Measures, KeepALimitedNumberOfWindows) {
  Measures measures({"a"}, kBegin);
  answered(measures, 0, static_cast<Moment>(kWindowsMax) * 5'000, 0);
  EXPECT_EQ(measures.summary(kBegin)["windows"].size(), kWindowsMax);
}

}  // namespace
}  // namespace p2p::history
