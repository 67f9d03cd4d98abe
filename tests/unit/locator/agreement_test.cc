// Rules A1 to A6: how one change is decided, and what is decided stays so.
#include "agreement_fixture.h"

namespace p2p::cluster {
namespace {

Change weight(unsigned number, std::uint32_t weight) {
  return {.requests = {Describe{.node = id(number), .weight = weight}}};
}

class AgreementOfVoters : public AgreementTest {};

TEST_F(AgreementOfVoters, OfOneVoterDecidesAtOnce) {
  start(map_of(1, 1));
  decide(1, weight(1, 50));
  EXPECT_EQ(epoch_at(1), 2U);
  EXPECT_EQ(at(1).latest()->members[0].weight, 50U);
}

TEST_F(AgreementOfVoters, OfThreeVotersIsKnownToAllMembers) {
  start(map_of(5, 3));
  decide(1, weight(2, 50));
  for (const unsigned number : {1, 2, 3, 4, 5}) EXPECT_EQ(epoch_at(number), 2U) << number;
  EXPECT_EQ(*at(5).latest(), *at(1).latest());
}

TEST_F(AgreementOfVoters, NeedsAMajority) {
  start(map_of(3, 3));
  cut_off(1);
  decide(1, weight(2, 50));
  run(2s);
  EXPECT_EQ(epoch_at(1), 1U);
  mend();
  decide(1, weight(2, 60));
  EXPECT_EQ(epoch_at(1), 2U);
}

TEST_F(AgreementOfVoters, AMinorityThatFailsDoesNotStopIt) {
  start(map_of(3, 3));
  cut_off(3);
  decide(1, weight(2, 50));
  EXPECT_EQ(epoch_at(2), 2U);
  EXPECT_EQ(epoch_at(3), 1U);
  mend();
  run(500ms);  // A3: with the next renewal
  EXPECT_EQ(epoch_at(3), 2U);
}

TEST_F(AgreementOfVoters, AnswersNothingBeforeTheDiskHasIt) {  // A1
  start(map_of(3, 3));
  node(2).syncs_left = node(3).syncs_left = 0;
  decide(1, weight(2, 50));
  EXPECT_EQ(epoch_at(1), 1U);
  sync(2);
  EXPECT_EQ(epoch_at(1), 2U);
}

TEST_F(AgreementOfVoters, AVoterKeepsItsPromiseOverARestart) {  // A1, A2
  start(map_of(3, 3));
  half_decide(1, weight(2, 50));
  const Ballot promised = node(2).on_disk.voter.promised;
  EXPECT_EQ(promised.proposer, id(1));
  restart(2);
  node(2).syncs_left = kAlways;
  cut_off(1);
  decide(3, weight(2, 99));
  EXPECT_GT(node(2).on_disk.voter.promised, promised);
}

TEST_F(AgreementOfVoters, WhatAnotherHasHalfDecidedIsDecidedFirst) {  // A2
  start(map_of(3, 3));
  half_decide(1, weight(2, 50));
  cut_off(1);
  sync(2);     // it has accepted; 1 does not hear of it
  restart(3);  // it has promised alone
  node(3).syncs_left = kAlways;
  decide(3, weight(2, 99));
  ASSERT_EQ(epoch_at(3), 2U);
  EXPECT_EQ(at(3).latest()->members[1].weight, 50U);
  EXPECT_EQ(*at(2).latest(), *at(3).latest());
}

TEST_F(AgreementOfVoters, ASlotThatIsHalfDecidedIsEndedByAnotherVoter) {  // A4: 300 ms
  start(map_of(3, 3));
  half_decide(1, weight(2, 50));
  cut_off(1);
  sync(2);
  sync(3);  // decided, and nobody knows it
  EXPECT_EQ(epoch_at(2), 1U);
  run(500ms, {1});
  EXPECT_EQ(epoch_at(2), 2U);
  EXPECT_EQ(at(3).latest()->members[1].weight, 50U);
}

TEST_F(AgreementOfVoters, AChangeThatIsNotAllowedIsAcceptedByNobody) {  // A5
  start(map_of(3, 3));
  decide(1, {.requests = {MovePrimary{.partition = 0, .to = id(9), .term = 1}}});
  run(1s);
  EXPECT_EQ(epoch_at(2), 1U);
  EXPECT_TRUE(node(2).on_disk.voter.accepted.empty());
}

TEST_F(AgreementOfVoters, WhoWasAwayForLongGetsTheWholeMap) {  // A3
  start(map_of(3, 3));
  cut_off(3);
  for (std::uint32_t turn = 1; turn <= kChangesKept + 5; ++turn) decide(1, weight(2, turn % 50 + 1));
  EXPECT_EQ(epoch_at(3), 1U);
  mend();
  run(500ms);
  EXPECT_EQ(epoch_at(3), kChangesKept + 6);
  EXPECT_TRUE(node(3).decisions.back().change.requests.empty());
}

}  // namespace
}  // namespace p2p::cluster
