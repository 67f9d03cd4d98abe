#include "ctl/bench_text.h"

#include <gtest/gtest.h>

namespace p2p::ctl {
namespace {

using load::LoadResult;
using load::Verdict;

const BenchPlan kPlan{.nodes = {"127.0.0.1:9900"}};

LoadResult hundred_replies() {
  LoadResult result;
  result.answered = 100;
  result.elapsed = std::chrono::seconds(2);
  for (std::uint64_t at = 1; at <= 100; ++at) result.latency.record(at * 1'000);
  return result;
}

TEST(BenchText, RateCountsGoodRepliesOnly) {
  LoadResult result = hundred_replies();
  EXPECT_DOUBLE_EQ(bench_json(kPlan, result)["ops_per_second"], 50);
  result.failures.count(Verdict::missing, "no such key", 20);
  EXPECT_DOUBLE_EQ(bench_json(kPlan, result)["ops_per_second"], 40);
  result.failures.count(Verdict::closed, "the connection was closed", 7);  // these were not answered
  EXPECT_DOUBLE_EQ(bench_json(kPlan, result)["ops_per_second"], 40);
}

TEST(BenchText, EveryKindOfFailureIsShownWithItsFirstWords) {
  LoadResult result = hundred_replies();
  result.failures.count(Verdict::unavailable, "the owner is away", 3);
  result.failures.count(Verdict::unavailable, "something later");
  const std::string text = bench_text(kPlan, result);
  EXPECT_NE(text.find("4 failed"), std::string::npos) << text;
  EXPECT_NE(text.find("4 unavailable, the first: the owner is away"), std::string::npos) << text;
  const auto json = bench_json(kPlan, result);
  EXPECT_EQ(json["failed"], 4);
  EXPECT_EQ(json["failures"]["unavailable"]["count"], 4);
  EXPECT_EQ(json["failures"]["unavailable"]["first"], "the owner is away");
  EXPECT_NE(bench_line("read", result).find("4 failed"), std::string::npos);
}

TEST(BenchText, TheCopiesThatAKeyHasAreShown) {
  BenchPlan plan = kPlan;
  EXPECT_EQ(bench_text(plan, hundred_replies()).find("copies"), std::string::npos);
  EXPECT_TRUE(bench_json(plan, hundred_replies())["copies"].is_null());
  plan.copies = {.wanted = 3, .members = 5, .required = 2, .partitions = 8, .complete = 7};
  const std::string text = bench_text(plan, hundred_replies());
  EXPECT_NE(text.find("copies     3 wanted, 5 members; 7 of 8 partitions have theirs; a write needs 2\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(bench_json(plan, hundred_replies())["copies"]["complete"], 7);
}

TEST(BenchText, TheHistogramHoldsEveryReply) {
  const auto json = bench_json(kPlan, hundred_replies());
  std::uint64_t counted = 0;
  for (const auto& bucket : json["histogram"]) counted += bucket["count"].get<std::uint64_t>();
  EXPECT_EQ(counted, 100u);
  EXPECT_EQ(json["latency_us"]["max"], 100);
}

TEST(BenchText, NothingIsShownOfLatenciesThatNobodyMeasured) {
  const std::string text = bench_text(kPlan, LoadResult());
  EXPECT_EQ(text.find("latency"), std::string::npos) << text;
  EXPECT_EQ(bench_json(kPlan, LoadResult())["ops_per_second"], 0);
}

TEST(BenchText, AnInterruptedRunSaysSo) {
  LoadResult result = hundred_replies();
  result.stopped = true;
  EXPECT_NE(bench_text(kPlan, result).find("interrupted"), std::string::npos);
  EXPECT_EQ(bench_json(kPlan, result)["interrupted"], true);
}

}  // namespace
}  // namespace p2p::ctl
