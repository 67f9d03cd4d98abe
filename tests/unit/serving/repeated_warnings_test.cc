// Warnings that others can bring about as often as they like: how often they are written.
#include <p2p/repeated_warnings.h>

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using std::chrono::milliseconds;

const TimePoint kStart{std::chrono::seconds(1000)};

TEST(RepeatedWarnings, TheFirstIsWrittenAtOnce) {
  RepeatedWarnings warnings;
  EXPECT_EQ(warnings.due("", kStart), 0u);
}

TEST(RepeatedWarnings, OneAMinuteIsWrittenWithTheNumberOfThoseLeftOut) {
  RepeatedWarnings warnings;
  std::uint64_t lines = 0;
  std::uint64_t left_out = 0;
  for (TimePoint now = kStart; now < kStart + 10 * kRepeatedWarningPause; now += milliseconds(50)) {
    if (const auto unsaid = warnings.due("", now)) {
      ++lines;
      left_out += *unsaid;
    }
  }
  EXPECT_EQ(lines, 10u);
  EXPECT_EQ(left_out + lines, 9u * 1200u + 1u) << "all up to the last line are counted";
}

TEST(RepeatedWarnings, WhatSpeaksOfAnotherIsWrittenToo) {
  RepeatedWarnings warnings;
  EXPECT_TRUE(warnings.due("one", kStart));
  EXPECT_TRUE(warnings.due("other", kStart));
  EXPECT_FALSE(warnings.due("one", kStart));
}

TEST(RepeatedWarnings, MoreThanCanBeToldApartShareOneLine) {
  RepeatedWarnings warnings;
  std::size_t lines = 0;
  for (int number = 0; number < 100'000; ++number) lines += warnings.due(std::to_string(number), kStart) ? 1 : 0;
  EXPECT_EQ(lines, kWarnedOfMax + 1);
}

TEST(RepeatedWarnings, AfterAMinuteThereIsRoomForOthers) {
  RepeatedWarnings warnings;
  for (std::size_t number = 0; number < 2 * kWarnedOfMax; ++number) (void)warnings.due(std::to_string(number), kStart);
  EXPECT_TRUE(warnings.due("other", kStart + kRepeatedWarningPause));
  EXPECT_FALSE(warnings.due("other", kStart + kRepeatedWarningPause + milliseconds(1)));
}

}  // namespace
}  // namespace p2p::host
