#include "cluster/member/coordinator.h"
#include "agreement_fixture.h"

#include <gtest/gtest.h>

namespace p2p::cluster {
namespace {

class CoordinatorTest : public ::testing::Test {
 protected:
  CoordinatorTest() { coordinator_.begin(map_, now_); }

  std::optional<Change> next() {
    now_ += kSlotPause;
    return coordinator_.next_change(map_, *agreement_, now_);
  }

  Request learner(unsigned number) const { return AddLearner{.partition = 0, .node = id(number)}; }

  TimePoint now_{std::chrono::hours(1)};
  ClusterMap map_ = with_members(founded(), 3);
  LeaseRules rules_;
  std::unique_ptr<Agreement> agreement_ = embedded(member(1), map_, now_);
  Coordinator coordinator_{id(1), rules_};
};

TEST_F(CoordinatorTest, WhatWaitsAndWhatIsPlannedBecomeOneChangeInThatOrder) {
  coordinator_.plan({learner(2)});
  ASSERT_TRUE(coordinator_.add(Join{member(4)}, now_));
  const auto change = next();
  ASSERT_TRUE(change);
  ASSERT_EQ(change->requests.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Join>(change->requests[0]));
  EXPECT_TRUE(std::holds_alternative<AddLearner>(change->requests[1]));
}

TEST_F(CoordinatorTest, APlanReplacesTheOneBeforeIt) {
  coordinator_.plan({learner(2)});
  coordinator_.plan({learner(3)});
  const auto change = next();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->requests, std::vector<Request>{learner(3)});
}

TEST_F(CoordinatorTest, APlanEndsWithItsMapAndWhatWasAskedForDoesNot) {
  coordinator_.plan({learner(2)});
  ASSERT_TRUE(coordinator_.add(Join{member(5)}, now_));
  map_ = after(map_, {Join{member(4)}});
  coordinator_.begin(map_, now_);
  const auto change = next();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->requests, std::vector<Request>{Join{member(5)}});
}

TEST_F(CoordinatorTest, NothingButADeathIsProposedRightAfterADecision) {
  coordinator_.plan({learner(2)});
  EXPECT_FALSE(coordinator_.next_change(map_, *agreement_, now_));
  agreement_->note_ended(id(3), boot(1));
  const auto change = coordinator_.next_change(map_, *agreement_, now_);
  ASSERT_TRUE(change);
  EXPECT_TRUE(std::holds_alternative<Down>(change->requests.front()));
}

TEST_F(CoordinatorTest, WhatWasAskedForOnceIsForgottenAfterAWhile) {
  ASSERT_TRUE(coordinator_.add(Join{member(4)}, now_));
  now_ += kRequestKept;
  EXPECT_FALSE(next());
  EXPECT_FALSE(coordinator_.has_requests());
}

TEST_F(CoordinatorTest, TheSameRequestWaitsOnceAndIsProlonged) {
  ASSERT_TRUE(coordinator_.add(learner(2), now_));
  ASSERT_TRUE(coordinator_.add(learner(3), now_));
  now_ += kRequestKept / 2;
  ASSERT_TRUE(coordinator_.add(learner(2), now_));
  const auto both = next();
  ASSERT_TRUE(both);
  EXPECT_EQ(both->requests, (std::vector{learner(2), learner(3)}));
  now_ += kRequestKept / 2;
  const auto one = next();
  ASSERT_TRUE(one);
  EXPECT_EQ(one->requests, std::vector{learner(2)});
}

TEST_F(CoordinatorTest, WhatSpeaksOfAFormerTermIsForgotten) {
  map_ = after(map_, {AddLearner{.partition = 0, .node = id(2)}});
  coordinator_.begin(map_, now_);
  const Epoch term = map_.partitions[0].term;
  const Request put = PutInSync{.partition = 0, .node = id(2), .term = term, .since = map_.epoch};
  ASSERT_TRUE(coordinator_.add(put, now_));
  map_ = after(map_, {put});
  ASSERT_GT(map_.partitions[0].term, term);
  coordinator_.begin(map_, now_);
  EXPECT_FALSE(coordinator_.has_requests());
}

TEST_F(CoordinatorTest, TakesNoMoreThanItsLimit) {
  for (unsigned number = 0; number < kRequestsWaitingMax; ++number)
    ASSERT_TRUE(coordinator_.add(Join{member(10 + number)}, now_));
  EXPECT_FALSE(coordinator_.add(Join{member(9)}, now_));
  EXPECT_TRUE(coordinator_.add(Join{member(10)}, now_)) << "it waits already";
}

}  // namespace
}  // namespace p2p::cluster
