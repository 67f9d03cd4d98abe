// When may a node work on the keys that it owns?
#include "core/claims.h"

#include "hash_ring.h"

#include <gtest/gtest.h>

namespace work {
namespace {

std::shared_ptr<const p2p::RingView> ring(std::vector<p2p::Location> members, std::vector<p2p::Location> leaving = {}) {
  return std::make_shared<HashRing>(std::move(members), std::move(leaving), kSelf);
}

// A round in which every node answers so.
void all_answer(Claims& claims, const Claims::Answer& answer) {
  for (const p2p::Location& node : claims.begin_round()) claims.answered(node, answer);
}

const Claims::Answer kEmpty{5, true, {}};

class ClaimsTest : public ::testing::Test {
 protected:
  const std::shared_ptr<const p2p::RingView> both_ = ring({kSelf, kOther});
  const std::string ours_ = key_of(*both_, kSelf);
  const std::string theirs_ = key_of(*both_, kOther);
  Claims claims_{kSelf};
};

TEST_F(ClaimsTest, NothingIsSettledBeforeTheNodeHasJoined) {
  claims_.ring_changed(ring({kSelf}));
  EXPECT_FALSE(claims_.wants_round());
  EXPECT_FALSE(claims_.is_settled(ours_));
}

TEST_F(ClaimsTest, ANodeThatIsAloneHasNobodyToAsk) {
  claims_.ring_changed(ring({kSelf}));
  claims_.joined();
  ASSERT_TRUE(claims_.wants_round());
  EXPECT_TRUE(claims_.begin_round().empty());
  EXPECT_FALSE(claims_.wants_round());
  EXPECT_TRUE(claims_.is_settled(ours_));
}

TEST_F(ClaimsTest, OneRoundIsNotEnoughTwoInTheSameErasAre) {
  claims_.ring_changed(both_);
  claims_.joined();
  all_answer(claims_, kEmpty);
  EXPECT_FALSE(claims_.is_settled(ours_));
  all_answer(claims_, kEmpty);
  EXPECT_TRUE(claims_.is_settled(ours_));
  EXPECT_FALSE(claims_.is_settled(theirs_));
  EXPECT_FALSE(claims_.wants_round());
}

TEST_F(ClaimsTest, ANodeWhoseEraHasChangedBetweenTwoRoundsMayHaveTakenSomething) {
  claims_.ring_changed(both_);
  claims_.joined();
  for (const std::int64_t era : {5, 6, 7}) {
    all_answer(claims_, {era, true, {}});
    EXPECT_FALSE(claims_.is_settled(ours_));
  }
  all_answer(claims_, {7, true, {}});
  EXPECT_TRUE(claims_.is_settled(ours_));
}

TEST_F(ClaimsTest, ANodeThatWorksByAnotherRingOrIsSilentHoldsEverythingUp) {
  claims_.ring_changed(both_);
  claims_.joined();
  for (int round = 0; round < 3; ++round) all_answer(claims_, {});
  EXPECT_FALSE(claims_.is_settled(ours_));
  EXPECT_TRUE(claims_.wants_round());
}

TEST_F(ClaimsTest, ANodeThatHasSomethingOfOursHoldsUsUpUntilItHasNot) {
  claims_.ring_changed(both_);
  claims_.joined();
  for (int round = 0; round < 3; ++round) all_answer(claims_, {5, false, {}});
  EXPECT_FALSE(claims_.is_settled(ours_));
  all_answer(claims_, kEmpty);
  EXPECT_TRUE(claims_.is_settled(ours_));
}

TEST_F(ClaimsTest, ARoundEndsWithItsLastAnswer) {
  claims_.ring_changed(ring({kSelf, kOther, kThird}));
  claims_.joined();
  EXPECT_EQ(claims_.begin_round(), (std::vector<p2p::Location>{kOther, kThird}));
  EXPECT_FALSE(claims_.answered(kOther, kEmpty));
  EXPECT_FALSE(claims_.answered(kOther, kEmpty));  // once is enough
  EXPECT_TRUE(claims_.answered(kThird, kEmpty));
  EXPECT_FALSE(claims_.answered(kThird, kEmpty));
}

TEST_F(ClaimsTest, AKeyWhoseJobStillRunsElsewhereWaitsAndTheOthersDoNot) {
  std::string busy = "other";
  for (int number = 0; busy == ours_ || !both_->owner_of(busy).is_self; ++number) busy = std::to_string(number);
  claims_.ring_changed(both_);
  claims_.joined();
  for (int round = 0; round < 2; ++round) all_answer(claims_, {5, true, {busy}});
  EXPECT_TRUE(claims_.is_settled(ours_));
  EXPECT_FALSE(claims_.is_settled(busy));
  EXPECT_TRUE(claims_.wants_round());
  all_answer(claims_, kEmpty);
  EXPECT_TRUE(claims_.is_settled(busy));
  EXPECT_FALSE(claims_.wants_round());
}

TEST_F(ClaimsTest, WhatStaysOursThroughAChangeStaysSettledAndWhatIsGainedDoesNot) {
  claims_.ring_changed(both_);
  claims_.joined();
  for (int round = 0; round < 2; ++round) all_answer(claims_, kEmpty);
  claims_.ring_changed(ring({kSelf}, {kOther}));
  EXPECT_TRUE(claims_.is_settled(ours_));
  EXPECT_FALSE(claims_.is_settled(theirs_));
  EXPECT_EQ(claims_.begin_round(), std::vector<p2p::Location>{kOther});  // who leaves is asked as well
}

TEST_F(ClaimsTest, AKeyThatWasAnothersInBetweenIsNotSettledAlthoughItIsOursAgain) {
  claims_.ring_changed(ring({kSelf}));
  claims_.joined();
  claims_.begin_round();
  ASSERT_TRUE(claims_.is_settled(theirs_));
  claims_.ring_changed(both_);
  claims_.ring_changed(ring({kSelf}, {kOther}));
  EXPECT_FALSE(claims_.is_settled(theirs_));
  EXPECT_TRUE(claims_.is_settled(ours_));
}

TEST_F(ClaimsTest, AnswersToARoundBeforeTheChangeDoNotCount) {
  claims_.ring_changed(both_);
  claims_.joined();
  claims_.begin_round();
  claims_.ring_changed(both_);
  EXPECT_FALSE(claims_.answered(kOther, kEmpty));
  all_answer(claims_, kEmpty);
  EXPECT_FALSE(claims_.is_settled(ours_));
}

TEST_F(ClaimsTest, WithTooManyRingsSinceTheLastAgreementNothingIsSettled) {
  claims_.ring_changed(ring({kSelf}));
  claims_.joined();
  claims_.begin_round();
  for (std::size_t change = 0; change < kRingsMax; ++change) claims_.ring_changed(both_);
  EXPECT_TRUE(claims_.is_settled(ours_));
  claims_.ring_changed(both_);
  EXPECT_FALSE(claims_.is_settled(ours_));
  for (int round = 0; round < 2; ++round) all_answer(claims_, kEmpty);
  EXPECT_TRUE(claims_.is_settled(ours_));
}

TEST_F(ClaimsTest, ANodeThatLeavesOwnsNothingAndAsksNobody) {
  claims_.ring_changed(both_);
  claims_.joined();
  claims_.ring_changed(ring({kOther}));
  EXPECT_FALSE(claims_.wants_round());
  EXPECT_FALSE(claims_.is_settled(ours_));
}

TEST_F(ClaimsTest, ReopenedItAsksAgainAndWhatIsSettledStaysSo) {
  claims_.ring_changed(ring({kSelf}));
  claims_.joined();
  claims_.begin_round();
  claims_.reopen();
  EXPECT_TRUE(claims_.wants_round());
  EXPECT_TRUE(claims_.is_settled(ours_));
}

TEST(ViewId, IsTheSameOnTheOneThatLeavesAndOnTheOthersAndTellsWhoStillHandsOver) {
  const HashRing on_leaver({kSelf}, {}, kOther);
  const HashRing on_stayer({kSelf}, {kOther}, kSelf);
  EXPECT_EQ(view_id(on_leaver, kOther), view_id(on_stayer, kSelf));
  EXPECT_NE(view_id(on_stayer, kSelf), view_id(HashRing({kSelf}, {}, kSelf), kSelf));
  EXPECT_NE(view_id(on_stayer, kSelf), view_id(HashRing({kSelf, kOther}, {}, kSelf), kSelf));
}

}  // namespace
}  // namespace work
