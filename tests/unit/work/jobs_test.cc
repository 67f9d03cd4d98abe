// Does a job run once, in its turn, and is it remembered for as long as it should be?
#include "core/jobs.h"

#include <gtest/gtest.h>

namespace work {
namespace {

constexpr p2p::TimePoint kNow{std::chrono::hours(1)};
constexpr std::int64_t kFirstRun = 100;

bool any(const std::string&) { return true; }

Jobs::Start started(Jobs& jobs) {
  auto start = jobs.start_next(any);
  EXPECT_TRUE(start.has_value());
  return start.value_or(Jobs::Start{});
}

void run(Jobs& jobs, const JobName& name, p2p::TimePoint now = kNow) {
  ASSERT_TRUE(jobs.submit(name, "append", ""));
  ASSERT_EQ(started(jobs).name, name);
  jobs.finish(name, {true, "result of " + name.id, {name.id}}, now);
}

TEST(Jobs, AJobIsQueuedRunsAndIsDoneWithItsResultAndItsEffect) {
  Jobs jobs({}, kFirstRun);
  const JobName name{"k", "a"};
  ASSERT_TRUE(jobs.submit(name, "append", "payload"));
  EXPECT_EQ(jobs.find(name)->state, State::queued);
  const Jobs::Start start = started(jobs);
  EXPECT_EQ(start.kind, "append");
  EXPECT_EQ(start.payload, "payload");
  EXPECT_EQ(jobs.find(name)->state, State::running);
  EXPECT_TRUE(jobs.ledger("k").empty());
  jobs.finish(name, {true, "result", {"effect"}}, kNow);
  EXPECT_EQ(jobs.find(name)->state, State::done);
  EXPECT_EQ(jobs.find(name)->text, "result");
  EXPECT_EQ(jobs.ledger("k"), std::vector<std::string>{"effect"});
  EXPECT_FALSE(jobs.start_next(any));
}

TEST(Jobs, AJobThatFailedHasNoEffect) {
  Jobs jobs({}, kFirstRun);
  ASSERT_TRUE(jobs.submit({"k", "a"}, "append", ""));
  jobs.finish(started(jobs).name, {false, "why", {"effect"}}, kNow);
  EXPECT_EQ(jobs.find({"k", "a"})->state, State::failed);
  EXPECT_TRUE(jobs.ledger("k").empty());
}

TEST(Jobs, JobsStartInTheOrderInWhichTheyCameExceptThoseThatMayNot) {
  Jobs jobs({.running_max = 9}, kFirstRun);
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(jobs.submit({id, id}, "append", ""));
  const auto not_a = [](const std::string& key) { return key != "a"; };
  EXPECT_EQ(jobs.start_next(not_a)->name.id, "b");
  EXPECT_EQ(jobs.start_next(not_a)->name.id, "c");
  EXPECT_FALSE(jobs.start_next(not_a));
  EXPECT_EQ(started(jobs).name.id, "a");
}

TEST(Jobs, NoMoreRunThanMayRunAndNoMoreWaitThanMayWait) {
  Jobs jobs({.queue_max = 2, .running_max = 1}, kFirstRun);
  ASSERT_TRUE(jobs.submit({"k", "a"}, "append", ""));
  started(jobs);
  EXPECT_TRUE(jobs.submit({"k", "b"}, "append", ""));
  EXPECT_TRUE(jobs.submit({"k", "c"}, "append", ""));
  EXPECT_FALSE(jobs.submit({"k", "d"}, "append", ""));
  EXPECT_EQ(jobs.find({"k", "d"}), nullptr);
  EXPECT_FALSE(jobs.start_next(any));
  jobs.finish({"k", "a"}, {}, kNow);
  EXPECT_EQ(started(jobs).name.id, "b");
  EXPECT_TRUE(jobs.submit({"k", "d"}, "append", ""));
}

TEST(Jobs, ResultsAreForgottenByNumberTheOldestFirstAndLedgersStay) {
  Jobs jobs({.results_max = 2}, kFirstRun);
  for (const char* id : {"a", "b", "c"}) run(jobs, {"k", id});
  EXPECT_EQ(jobs.find({"k", "a"}), nullptr);
  EXPECT_NE(jobs.find({"k", "b"}), nullptr);
  EXPECT_EQ(jobs.counts().ended, 2u);
  EXPECT_EQ(jobs.ledger("k").size(), 3u);
}

TEST(Jobs, ResultsAreForgottenByAge) {
  Jobs jobs({.results_age = std::chrono::minutes(1)}, kFirstRun);
  run(jobs, {"k", "a"});
  jobs.forget_old(kNow + std::chrono::seconds(59));
  EXPECT_NE(jobs.find({"k", "a"}), nullptr);
  jobs.forget_old(kNow + std::chrono::seconds(60));
  EXPECT_EQ(jobs.find({"k", "a"}), nullptr);
  EXPECT_EQ(jobs.counts().ended, 0u);
}

TEST(Jobs, AFullLedgerFailsTheJobAndKeepsWhatIsThere) {
  Jobs jobs({.ledger_max = 1}, kFirstRun);
  run(jobs, {"k", "a"});
  ASSERT_TRUE(jobs.submit({"k", "b"}, "append", ""));
  jobs.finish(started(jobs).name, {true, "", {"b"}}, kNow);
  EXPECT_EQ(jobs.find({"k", "b"})->state, State::failed);
  EXPECT_EQ(jobs.ledger("k"), std::vector<std::string>{"a"});
}

// --- what moves ------------------------------------------------------------------------------------------------------

Batch all_of(const Jobs& jobs, const std::string& key, std::size_t bytes_max = 1'000'000) {
  Batch batch;
  jobs.copy(key, bytes_max, batch);
  return batch;
}

TEST(Jobs, AKeyMovesWithItsJobsResultsAndLedgerAndLeavesNothingBehind) {
  Jobs giver({}, kFirstRun);
  run(giver, {"k", "done"});
  ASSERT_TRUE(giver.submit({"k", "queued"}, "checksum", "payload"));
  const Batch batch = all_of(giver, "k");
  Jobs taker({}, 2 * kFirstRun);
  taker.take(batch);
  giver.remove(batch);
  EXPECT_FALSE(giver.holds("k"));
  EXPECT_FALSE(giver.start_next(any));
  EXPECT_EQ(giver.counts().queued + giver.counts().ended, 0u);
  EXPECT_EQ(taker.find({"k", "done"})->text, "result of done");
  EXPECT_EQ(taker.ledger("k"), std::vector<std::string>{"done"});
  EXPECT_EQ(started(taker).payload, "payload");
}

TEST(Jobs, ARunningJobStaysAndMovesWhenItHasEnded) {
  Jobs jobs({}, kFirstRun);
  ASSERT_TRUE(jobs.submit({"k", "a"}, "append", ""));
  started(jobs);
  EXPECT_TRUE(jobs.is_busy("k"));
  EXPECT_TRUE(all_of(jobs, "k").is_empty());
  jobs.finish({"k", "a"}, {}, kNow);
  EXPECT_FALSE(jobs.is_busy("k"));
  EXPECT_EQ(all_of(jobs, "k").jobs.size(), 1u);
}

TEST(Jobs, WhatArrivesTwiceIsThereOnce) {
  Jobs giver({}, kFirstRun);
  run(giver, {"k", "a"});
  ASSERT_TRUE(giver.submit({"k", "b"}, "append", ""));
  Jobs taker({}, 2 * kFirstRun);
  for (int time = 0; time < 2; ++time) taker.take(all_of(giver, "k"));
  EXPECT_EQ(taker.ledger("k").size(), 1u);
  EXPECT_EQ(taker.counts().queued, 1u);
  EXPECT_EQ(taker.counts().ended, 1u);
  started(taker);
  EXPECT_FALSE(taker.start_next(any));
}

TEST(Jobs, AJobThatEndedElsewhereDoesNotRunHereAgain) {
  Jobs giver({}, kFirstRun);
  ASSERT_TRUE(giver.submit({"k", "a"}, "append", ""));
  Jobs taker({}, 2 * kFirstRun);
  taker.take(all_of(giver, "k"));
  giver.finish(started(giver).name, {true, "result", {"a"}}, kNow);
  taker.take(all_of(giver, "k"));
  EXPECT_EQ(taker.find({"k", "a"})->text, "result");
  EXPECT_FALSE(taker.start_next(any));
  EXPECT_EQ(taker.counts().queued, 0u);
  EXPECT_EQ(taker.counts().ended, 1u);
}

TEST(Jobs, AJobThatEndedHereIsNotQueuedAgainByWhatArrives) {
  Jobs giver({}, kFirstRun);
  ASSERT_TRUE(giver.submit({"k", "a"}, "append", ""));
  Jobs taker({}, 2 * kFirstRun);
  run(taker, {"k", "a"});
  taker.take(all_of(giver, "k"));
  EXPECT_FALSE(taker.start_next(any));
  EXPECT_EQ(taker.counts().queued, 0u);
}

TEST(Jobs, TwoRunsOfOneJobShowAsTwoEntries) {
  Jobs one({}, kFirstRun);
  Jobs other({}, 2 * kFirstRun);
  run(one, {"k", "a"});
  run(other, {"k", "a"});
  other.take(all_of(one, "k"));
  EXPECT_EQ(other.ledger("k"), (std::vector<std::string>{"a", "a"}));
}

TEST(Jobs, ABatchEndsAtItsLimitButHasAtLeastOnePiece) {
  Jobs jobs({}, kFirstRun);
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(jobs.submit({"k", id}, "checksum", std::string(1000, 'x')));
  EXPECT_EQ(all_of(jobs, "k", 1).jobs.size(), 1u);
  EXPECT_EQ(all_of(jobs, "k", 2500).jobs.size(), 2u);
}

}  // namespace
}  // namespace work
