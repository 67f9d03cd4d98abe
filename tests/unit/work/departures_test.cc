// Does what another node owns go there, in batches, and is it forgotten only when it has arrived?
#include "core/departures.h"

#include "hash_ring.h"

#include <gtest/gtest.h>

namespace work {
namespace {

constexpr std::size_t kPlenty = 1'000'000;

class DeparturesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(jobs_.submit({theirs_, "a"}, "append", std::string(100, 'x')));
    ASSERT_TRUE(jobs_.submit({theirs_, "b"}, "append", std::string(100, 'x')));
    ASSERT_TRUE(jobs_.submit({ours_, "c"}, "append", ""));
    departures_.ring_changed(ring_);
  }

  const HashRing ring_{{kSelf, kOther}, {}, kSelf};
  const std::string theirs_ = key_of(ring_, kOther);
  const std::string ours_ = key_of(ring_, kSelf);
  Jobs jobs_{{}, 1};
  Departures departures_{jobs_, "work", 50};
};

TEST_F(DeparturesTest, WhatIsTheirsGoesToThemAndIsForgottenOnceItIsConfirmed) {
  EXPECT_EQ(departures_.receivers(), std::vector<p2p::NodeAddress>{kOther});
  const auto part = departures_.give(kOther, 0, kPlenty);
  EXPECT_EQ(part.batch.jobs.size(), 2u);
  EXPECT_GT(part.number, 50);
  EXPECT_TRUE(jobs_.holds(theirs_));
  EXPECT_FALSE(departures_.is_over());
  const auto rest = departures_.give(kOther, part.number, kPlenty);
  EXPECT_EQ(rest.number, 0);
  EXPECT_FALSE(jobs_.holds(theirs_));
  EXPECT_TRUE(jobs_.holds(ours_));
  EXPECT_TRUE(departures_.is_over());
  EXPECT_EQ(departures_.jobs_moved(), 2u);
}

TEST_F(DeparturesTest, WhatIsNotConfirmedIsGivenAgain) {
  const auto lost = departures_.give(kOther, 0, kPlenty);
  const auto again = departures_.give(kOther, 0, kPlenty);
  EXPECT_EQ(again.batch.jobs.size(), 2u);
  EXPECT_NE(again.number, lost.number);
  departures_.give(kOther, lost.number, kPlenty);  // a late confirmation, of a batch that was given again since
  EXPECT_TRUE(jobs_.holds(theirs_));
}

TEST_F(DeparturesTest, AConfirmationDoesNotOutliveItsRing) {
  const auto part = departures_.give(kOther, 0, kPlenty);
  departures_.ring_changed(ring_);
  departures_.give(kOther, part.number, kPlenty);
  EXPECT_TRUE(jobs_.holds(theirs_));
}

TEST_F(DeparturesTest, ABatchKeepsItsLimitOfBytes) {
  const auto first = departures_.give(kOther, 0, 250);
  EXPECT_EQ(first.batch.jobs.size(), 1u);
  const auto second = departures_.give(kOther, first.number, 250);
  EXPECT_EQ(second.batch.jobs.size(), 1u);
  EXPECT_NE(second.batch.jobs.front().first, first.batch.jobs.front().first);
  EXPECT_EQ(departures_.give(kOther, second.number, 250).number, 0);
  EXPECT_TRUE(departures_.is_over());
}

TEST_F(DeparturesTest, AKeyWithARunningJobIsNamedUntilThatHasEndedAndGone) {
  const auto start = jobs_.start_next([&](const std::string& key) { return key == theirs_; });
  const auto first = departures_.give(kOther, 0, kPlenty);
  EXPECT_EQ(first.batch.jobs.size(), 1u);
  const auto rest = departures_.give(kOther, first.number, kPlenty);
  EXPECT_EQ(rest.number, 0);
  EXPECT_EQ(rest.busy, std::vector<std::string>{theirs_});
  EXPECT_FALSE(departures_.is_over());
  jobs_.finish(start->name, {true, "result", {"effect"}}, p2p::TimePoint{});
  const auto last = departures_.give(kOther, 0, kPlenty);
  EXPECT_EQ(last.batch.jobs.size(), 1u);
  EXPECT_EQ(last.batch.entries.size(), 1u);
  EXPECT_TRUE(last.busy.empty());
  departures_.give(kOther, last.number, kPlenty);
  EXPECT_TRUE(departures_.is_over());
}

TEST_F(DeparturesTest, ANodeThatOwnsNothingOfOursGetsNothing) {
  EXPECT_EQ(departures_.give(node_at(3), 0, kPlenty).number, 0);
  EXPECT_EQ(departures_.give(kSelf, 0, kPlenty).number, 0);
}

}  // namespace
}  // namespace work
