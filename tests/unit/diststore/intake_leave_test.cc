// What a member awaits when another one leaves, and how it finds out that no node holds a key of another one.
#include "intake_fixture.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

TEST_F(IntakeTest, ALeaversKeysAreAwaitedByWhoStays) {
  be_a_member_with({kOther, kThird});
  const Effects effects = ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(effects.claims, (Locations{kOther}));
  EXPECT_TRUE(effects.is_changed);
  EXPECT_TRUE(intake.is_established());
  const auto gains = intake.gains();
  ASSERT_EQ(gains.size(), 1u);
  EXPECT_FALSE(gains[0].is_join);
  EXPECT_EQ(gains[0].era, era);
  EXPECT_EQ(gains[0].sources, (Locations{kOther}));
  EXPECT_EQ(gains[0].before->members(), (Locations{kSelf, kOther, kThird}));
}

TEST_F(IntakeTest, ALeaveIsOverWhenTheLeaverIsCleanOrGone) {
  be_a_member_with({kOther, kThird});
  ring({kSelf}, {kOther, kThird});
  EXPECT_EQ(intake.gains().size(), 2u);
  EXPECT_TRUE(answer(kOther, kFencedAndClean).is_changed);
  ASSERT_EQ(intake.gains().size(), 1u);
  EXPECT_EQ(sources(), (Locations{kThird}));
  EXPECT_TRUE(ring({kSelf}, {kOther}).is_changed);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, ALeaverOfThe2009SystemIsAwaitedUntilItIsGone) {
  foreign = {kOther};
  be_a_member_with({kOther});
  ring({kSelf}, {kOther});
  of_2009(kOther);
  shows(kOther, {kSelf, kOther});
  EXPECT_EQ(sources(), (Locations{kOther}));
  EXPECT_TRUE(ring({kSelf}).is_changed);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, WhatItPutsToAnotherMemberIsAwaitedFromThatOne) {
  foreign = {kOther};
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(sources(), (Locations{kOther, kThird}));
  EXPECT_EQ(intake.gains().front().recipients, (Locations{kOther, kThird}));
  ring({kSelf, kThird});
  EXPECT_EQ(sources(), (Locations{kThird})) << "it may have got a key that is ours";
  EXPECT_TRUE(answer(kThird, kFencedAndClean).is_changed);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, ALeaverOfThe2009SystemThatIsAMemberAgainIsNotAwaited) {
  foreign = {kOther};
  be_a_member_with({kOther});
  ring({kSelf}, {kOther});
  ring({kSelf, kOther});
  EXPECT_TRUE(shows(kOther, {kSelf, kOther}).is_changed);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, ALeaverOfThe2009SystemKeepsNoJoinerFromOwningKeys) {
  foreign = {kOther};
  ring({kSelf}, {kOther});
  EXPECT_TRUE(join().is_changed);
  EXPECT_TRUE(intake.is_established()) << "it owns nothing any more, and answers nobody";
  EXPECT_EQ(sources(), (Locations{kOther}));
  EXPECT_EQ(intake.gains().front().recipients, (Locations{kOther}));
}

// A frozen one must not keep keys from being used that have nothing to do with it.
TEST_F(IntakeTest, WhoIsSilentIsNotAwaitedForWhatItMayHaveGot) {
  foreign = {kOther};
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  ring({kSelf, kThird});
  now += kFencePatience - 1ms;
  no_answer(kThird);
  EXPECT_EQ(sources(), (Locations{kThird}));
  EXPECT_TRUE(wake_up().is_changed);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, NorWhenAnotherOneLeavesMeanwhile) {
  foreign = {kOther, kFourth};
  be_a_member_with({kOther, kThird, kFourth});
  ring({kSelf, kThird, kFourth}, {kOther});
  now += kFencePatience;
  tick();
  ring({kSelf, kThird}, {kOther, kFourth});
  now += kFencePatience;
  tick();
  ring({kSelf, kThird});
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, ItsSilenceIsNoticedWhileAQuestionIsUnderWay) {
  foreign = {kOther};
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  ring({kSelf, kThird});
  EXPECT_EQ(intake.next_wakeup(), now + kFencePatience);
  EXPECT_TRUE(wake_up().is_changed);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, ALeaverThatTurnsOutToBeOursPutsNothing) {
  be_a_member_with({kOther, kThird});
  foreign = {kOther};
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(sources(), (Locations{kOther, kThird}));
  foreign = {};
  EXPECT_TRUE(answer(kOther, kFencedOnly).is_changed);
  EXPECT_EQ(sources(), (Locations{kOther}));
  EXPECT_TRUE(intake.gains().front().recipients.empty());
}

TEST_F(IntakeTest, AMemberOfThatSystemMayGetPutsUntilTheLeaverIsGone) {
  foreign = {kOther, kThird};
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  shows(kThird, {kSelf, kOther, kThird});
  EXPECT_EQ(sources(), (Locations{kOther, kThird}));
  ring({kSelf, kThird});
  wake_up();
  shows(kThird, {kSelf, kThird});
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, ALeaveIsNoticedOnce) {
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  const Era first = era;
  ring({kSelf}, {kOther, kThird});
  const auto gains = intake.gains();
  ASSERT_EQ(gains.size(), 2u);
  EXPECT_EQ(gains[0].era, first);
  EXPECT_EQ(gains[0].sources, (Locations{kOther}));
  EXPECT_EQ(gains[0].before->members(), (Locations{kSelf, kOther, kThird}));
  EXPECT_EQ(gains[1].era, era);
  EXPECT_EQ(gains[1].sources, (Locations{kThird}));
  EXPECT_EQ(gains[1].before->members(), (Locations{kSelf, kThird})) << "the other owned nothing any more";
  EXPECT_FALSE(ring({kSelf}, {kOther, kThird}).is_changed);
  EXPECT_EQ(intake.gains().size(), 2u);
}

TEST_F(IntakeTest, ANodeThatOwnsNothingYetAwaitsALeaversKeysByItsJoin) {
  ring({kSelf, kOther});
  join();
  ring({kSelf}, {kOther});
  const auto gains = intake.gains();
  ASSERT_EQ(gains.size(), 1u);
  EXPECT_TRUE(gains[0].is_join);
  EXPECT_EQ(gains[0].sources, (Locations{kOther}));
  EXPECT_FALSE(intake.is_established());
}

TEST_F(IntakeTest, WhoWasCleanAsAMemberHasKeysForAJoinerWhenItLeaves) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndClean);  // it held its own keys only
  EXPECT_EQ(ring({kSelf, kThird}, {kOther}).claims, (Locations{kOther}));
  EXPECT_EQ(sources(), (Locations{kOther, kThird})) << "they are ours now, and lie there";
}

TEST_F(IntakeTest, WhoLeavesItselfAwaitsNothingFromAnotherLeaver) {
  be_a_member_with({kOther, kThird});
  EXPECT_TRUE(ring({kThird}, {kSelf, kOther}).claims.empty());
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, AMemberThatIsKilledLeavesNothingToAwait) {
  be_a_member_with({kOther, kThird});
  EXPECT_TRUE(ring({kSelf, kOther}).claims.empty());
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, WhatALeaverAwaitsItselfIsAwaitedFromThereToo) {
  be_a_member_with({kOther, kThird, kFourth});
  ring({kSelf, kThird, kFourth}, {kOther});
  const Effects effects = answer(kOther, {true, true, {kThird, kSelf, {"10.0.0.1", 1}}});
  EXPECT_EQ(effects.claims, (Locations{kThird})) << "neither ourselves nor a stranger";
  EXPECT_TRUE(effects.is_changed);
  EXPECT_EQ(sources(), (Locations{kThird}));
  answer(kThird, {true, false, {kFourth}});
  EXPECT_EQ(sources(), (Locations{kThird, kFourth})) << "and so on";
  answer(kFourth, {true, true, {kThird}});
  EXPECT_EQ(claims_within_a_second(), (Locations{kThird}));
  EXPECT_TRUE(answer(kThird, kFencedAndClean).is_changed);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, AJoinerAsksEverybodyAnyway) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndClean);
  answer(kThird, {true, false, {kOther}});
  EXPECT_EQ(sources(), (Locations{kThird}));
}

// --- the census ------------------------------------------------------------------------------------------------------

TEST_F(IntakeTest, ACensusIsDoneWhenEveryOtherNodeIsClean) {
  be_a_member_with({kOther, kThird});
  const Effects begun = census();
  EXPECT_EQ(begun.claims, (Locations{kOther, kThird}));
  EXPECT_FALSE(begun.is_census_done);
  EXPECT_FALSE(begun.is_changed);
  EXPECT_TRUE(intake.gains().empty()) << "nothing is awaited";
  EXPECT_FALSE(answer(kOther, kFencedAndClean).is_census_done);
  EXPECT_FALSE(answer(kThird, kFencedOnly).is_census_done);
  EXPECT_EQ(claims_within_a_second(), (Locations{kThird}));
  const Effects done = answer(kThird, kFencedAndClean);
  EXPECT_TRUE(done.is_census_done);
  EXPECT_FALSE(done.is_changed);
  EXPECT_TRUE(claims_within_a_second().empty());
}

TEST_F(IntakeTest, ACensusIsAskedAnewEachTime) {
  be_a_member_with({kOther});
  census();
  EXPECT_TRUE(answer(kOther, kFencedAndClean).is_census_done);
  EXPECT_EQ(census().claims, (Locations{kOther}));
  EXPECT_FALSE(tick().is_census_done);
  EXPECT_TRUE(answer(kOther, kFencedAndClean).is_census_done);
}

TEST_F(IntakeTest, ALonelyNodesCensusIsDoneAtOnce) {
  be_a_member_with({});
  EXPECT_TRUE(census().is_census_done);
}

TEST_F(IntakeTest, ACensusAsksLeaversTooAndDoesNotWaitForTheDead) {
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  answer(kOther, kFencedAndClean);
  EXPECT_EQ(census().claims, (Locations{kOther, kThird}));
  EXPECT_TRUE(no_store(kThird).claims.empty());
  EXPECT_TRUE(ring({kSelf, kThird}).is_census_done);
}

TEST_F(IntakeTest, AnAnswerToAnOlderQuestionDoesNotCountForACensus) {
  ring({kSelf, kOther});
  join();
  EXPECT_TRUE(census().claims.empty()) << "the other is being asked for the join";
  const Effects effects = answer(kOther, kFencedAndClean);
  EXPECT_FALSE(effects.is_census_done);
  EXPECT_EQ(effects.claims, (Locations{kOther})) << "at once";
  const Effects done = answer(kOther, kFencedAndClean);
  EXPECT_TRUE(done.is_census_done);
  EXPECT_TRUE(intake.is_established());
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, AnAnswerToAnOlderQuestionDoesNotCountForALeave) {
  be_a_member_with({kOther, kThird});
  census();
  EXPECT_TRUE(ring({kSelf, kThird}, {kOther}).claims.empty()) << "both are being asked for the census";
  EXPECT_EQ(answer(kOther, kFencedAndClean).claims, (Locations{kOther}));
  EXPECT_EQ(sources(), (Locations{kOther}));
  answer(kOther, kFencedAndClean);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, ACensusWaitsForNoPauseThatWasMeantForSomethingElse) {
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  for (int i = 0; i < 6; ++i) {
    answer(kOther, kFencedOnly);
    wake_up();
  }
  answer(kOther, kFencedOnly);
  EXPECT_GE(intake.next_wakeup(), now + kClaimPauseMax);
  EXPECT_EQ(census().claims, (Locations{kOther, kThird}));
  answer(kOther, kFencedOnly);
  EXPECT_EQ(intake.next_wakeup(), now + kClaimPauseMin);
}

}  // namespace
}  // namespace p2p::diststore
