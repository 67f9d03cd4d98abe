// What p2pctl says about a copy from another network.
#include "ctl/copy_text.h"

#include <gtest/gtest.h>

#include <chrono>

namespace p2p::ctl {
namespace {

using namespace std::chrono_literals;

TEST(CopyText, WhatAnEarlierPassCopiedWasNotThereBefore) {
  EXPECT_EQ(tally_of({}), CopyTally{});
  const CopyTally first{.copied = 60, .already_there = 5, .failed = 1, .bytes = 600};
  EXPECT_EQ(tally_of({first}), first);
  // The first pass has seen 66 of 100 keys; the second one sees all.
  const CopyTally second{.copied = 34, .already_there = 65, .failed = 1, .bytes = 340};
  const CopyTally all = tally_of({first, second});
  EXPECT_EQ(all, (CopyTally{.copied = 94, .already_there = 5, .failed = 1, .bytes = 940}));
  EXPECT_EQ(all.keys(), 100u);
}

TEST(CopyText, KeysThatAreGoneInALaterPassDoNotMakeItNegative) {
  const CopyTally all = tally_of({{.copied = 10}, {.copied = 0, .already_there = 3}});
  EXPECT_EQ(all, (CopyTally{.copied = 10}));
}

TEST(CopyText, ALineHasTheCountsAndTheRate) {
  const CopyTally tally{.copied = 1100, .already_there = 90, .failed = 10, .bytes = 3 << 19};
  EXPECT_EQ(copy_line(tally, 2s), "1200 keys: 1100 copied (1.5 MiB), 90 already there, 10 failed; 600 keys/s");
  EXPECT_EQ(copy_line({.expired = 2}, 0s),
            "2 keys: 0 copied (0.0 MiB), 0 already there, 0 failed, 2 expired on the way; 0 keys/s");
}

TEST(CopyText, AReportSaysFromWhereToWhereAndHowItEnded) {
  CopyReport report{
      .from = "a:1", .to = "b:2", .tally = {.copied = 4}, .elapsed = 2s, .why = "", .failures = {"'k': no"}};
  EXPECT_EQ(copy_text(report),
            "a:1 -> b:2, complete in 2.0 s: 4 keys: 4 copied (0.0 MiB), 0 already there, 0 failed; 2 keys/s\n");
  auto shown = copy_json(report);
  EXPECT_EQ(shown["end"], "complete");
  EXPECT_EQ(shown["copied"], 4);
  EXPECT_EQ(shown["failures"].size(), 1u);
  EXPECT_FALSE(shown.contains("why"));
  report.end = CopyEnd::failed;
  report.why = "nobody answers";
  shown = copy_json(report);
  EXPECT_EQ(shown["end"], "failed");
  EXPECT_EQ(shown["why"], "nobody answers");
}

}  // namespace
}  // namespace p2p::ctl
