// When may a node work on the keys that it owns?
#include "core/transfer_requests.h"

#include "hash_ring.h"

#include <gtest/gtest.h>

namespace work {
namespace {

std::shared_ptr<const p2p::RingView> ring(std::vector<p2p::NodeAddress> members,
                                          std::vector<p2p::NodeAddress> leaving = {}) {
  return std::make_shared<HashRing>(std::move(members), std::move(leaving), kSelf);
}

// A round in which every node answers so.
void all_answer(TransferRequests& transfer_requests, const TransferRequests::Answer& answer) {
  for (const p2p::NodeAddress& node : transfer_requests.begin_round()) transfer_requests.answered(node, answer);
}

const TransferRequests::Answer kEmpty{5, true, {}};

class TransferRequestsTest : public ::testing::Test {
 protected:
  const std::shared_ptr<const p2p::RingView> both_ = ring({kSelf, kOther});
  const std::string ours_ = key_of(*both_, kSelf);
  const std::string theirs_ = key_of(*both_, kOther);
  TransferRequests transfer_requests_{kSelf, "work"};
};

TEST_F(TransferRequestsTest, NothingIsConfirmedBeforeTheNodeHasJoined) {
  transfer_requests_.ring_changed(ring({kSelf}));
  EXPECT_FALSE(transfer_requests_.wants_round());
  EXPECT_FALSE(transfer_requests_.is_confirmed(ours_));
}

TEST_F(TransferRequestsTest, ANodeThatIsAloneHasNobodyToAsk) {
  transfer_requests_.ring_changed(ring({kSelf}));
  transfer_requests_.joined();
  ASSERT_TRUE(transfer_requests_.wants_round());
  EXPECT_TRUE(transfer_requests_.begin_round().empty());
  EXPECT_FALSE(transfer_requests_.wants_round());
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
}

TEST_F(TransferRequestsTest, OneRoundIsNotEnoughTwoInTheSameViewVersionsAre) {
  transfer_requests_.ring_changed(both_);
  transfer_requests_.joined();
  all_answer(transfer_requests_, kEmpty);
  EXPECT_FALSE(transfer_requests_.is_confirmed(ours_));
  all_answer(transfer_requests_, kEmpty);
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
  EXPECT_FALSE(transfer_requests_.is_confirmed(theirs_));
  EXPECT_FALSE(transfer_requests_.wants_round());
}

TEST_F(TransferRequestsTest, ANodeWhoseViewVersionHasChangedBetweenTwoRoundsMayHaveTakenSomething) {
  transfer_requests_.ring_changed(both_);
  transfer_requests_.joined();
  for (const std::int64_t view_version : {5, 6, 7}) {
    all_answer(transfer_requests_, {view_version, true, {}});
    EXPECT_FALSE(transfer_requests_.is_confirmed(ours_));
  }
  all_answer(transfer_requests_, {7, true, {}});
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
}

TEST_F(TransferRequestsTest, ANodeThatWorksByAnotherRingOrIsSilentHoldsEverythingUp) {
  transfer_requests_.ring_changed(both_);
  transfer_requests_.joined();
  for (int round = 0; round < 3; ++round) all_answer(transfer_requests_, {});
  EXPECT_FALSE(transfer_requests_.is_confirmed(ours_));
  EXPECT_TRUE(transfer_requests_.wants_round());
}

TEST_F(TransferRequestsTest, ANodeThatHasSomethingOfOursHoldsUsUpUntilItHasNot) {
  transfer_requests_.ring_changed(both_);
  transfer_requests_.joined();
  for (int round = 0; round < 3; ++round) all_answer(transfer_requests_, {5, false, {}});
  EXPECT_FALSE(transfer_requests_.is_confirmed(ours_));
  all_answer(transfer_requests_, kEmpty);
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
}

TEST_F(TransferRequestsTest, ARoundEndsWithItsLastAnswer) {
  transfer_requests_.ring_changed(ring({kSelf, kOther, kThird}));
  transfer_requests_.joined();
  EXPECT_EQ(transfer_requests_.begin_round(), (std::vector<p2p::NodeAddress>{kOther, kThird}));
  EXPECT_FALSE(transfer_requests_.answered(kOther, kEmpty));
  EXPECT_FALSE(transfer_requests_.answered(kOther, kEmpty));  // once is enough
  EXPECT_TRUE(transfer_requests_.answered(kThird, kEmpty));
  EXPECT_FALSE(transfer_requests_.answered(kThird, kEmpty));
}

TEST_F(TransferRequestsTest, AKeyWhoseJobStillRunsElsewhereWaitsAndTheOthersDoNot) {
  std::string busy = "other";
  for (int number = 0; busy == ours_ || !both_->owner_of(busy).is_self; ++number) busy = std::to_string(number);
  transfer_requests_.ring_changed(both_);
  transfer_requests_.joined();
  for (int round = 0; round < 2; ++round) all_answer(transfer_requests_, {5, true, {busy}});
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
  EXPECT_FALSE(transfer_requests_.is_confirmed(busy));
  EXPECT_TRUE(transfer_requests_.wants_round());
  all_answer(transfer_requests_, kEmpty);
  EXPECT_TRUE(transfer_requests_.is_confirmed(busy));
  EXPECT_FALSE(transfer_requests_.wants_round());
}

TEST_F(TransferRequestsTest, WhatStaysOursThroughAChangeStaysConfirmedAndWhatIsGainedDoesNot) {
  transfer_requests_.ring_changed(both_);
  transfer_requests_.joined();
  for (int round = 0; round < 2; ++round) all_answer(transfer_requests_, kEmpty);
  transfer_requests_.ring_changed(ring({kSelf}, {kOther}));
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
  EXPECT_FALSE(transfer_requests_.is_confirmed(theirs_));
  EXPECT_EQ(transfer_requests_.begin_round(), std::vector<p2p::NodeAddress>{kOther});  // who leaves is asked as well
}

TEST_F(TransferRequestsTest, AKeyThatWasAnothersInBetweenIsNotConfirmedAlthoughItIsOursAgain) {
  transfer_requests_.ring_changed(ring({kSelf}));
  transfer_requests_.joined();
  transfer_requests_.begin_round();
  ASSERT_TRUE(transfer_requests_.is_confirmed(theirs_));
  transfer_requests_.ring_changed(both_);
  transfer_requests_.ring_changed(ring({kSelf}, {kOther}));
  EXPECT_FALSE(transfer_requests_.is_confirmed(theirs_));
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
}

TEST_F(TransferRequestsTest, AnswersToARoundBeforeTheChangeDoNotCount) {
  transfer_requests_.ring_changed(both_);
  transfer_requests_.joined();
  transfer_requests_.begin_round();
  transfer_requests_.ring_changed(both_);
  EXPECT_FALSE(transfer_requests_.answered(kOther, kEmpty));
  all_answer(transfer_requests_, kEmpty);
  EXPECT_FALSE(transfer_requests_.is_confirmed(ours_));
}

TEST_F(TransferRequestsTest, WithTooManyRingsSinceTheLastAgreementNothingIsConfirmed) {
  transfer_requests_.ring_changed(ring({kSelf}));
  transfer_requests_.joined();
  transfer_requests_.begin_round();
  for (std::size_t change = 0; change < kRingsMax; ++change) transfer_requests_.ring_changed(both_);
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
  transfer_requests_.ring_changed(both_);
  EXPECT_FALSE(transfer_requests_.is_confirmed(ours_));
  for (int round = 0; round < 2; ++round) all_answer(transfer_requests_, kEmpty);
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
}

TEST_F(TransferRequestsTest, ANodeThatLeavesOwnsNothingAndAsksNobody) {
  transfer_requests_.ring_changed(both_);
  transfer_requests_.joined();
  transfer_requests_.ring_changed(ring({kOther}));
  EXPECT_FALSE(transfer_requests_.wants_round());
  EXPECT_FALSE(transfer_requests_.is_confirmed(ours_));
}

TEST_F(TransferRequestsTest, ReopenedItAsksAgainAndWhatIsConfirmedStaysSo) {
  transfer_requests_.ring_changed(ring({kSelf}));
  transfer_requests_.joined();
  transfer_requests_.begin_round();
  transfer_requests_.reopen();
  EXPECT_TRUE(transfer_requests_.wants_round());
  EXPECT_TRUE(transfer_requests_.is_confirmed(ours_));
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
