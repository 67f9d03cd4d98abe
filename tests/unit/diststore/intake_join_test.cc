// How a node gets its keys when it joins, and when it begins to own them.
#include "intake_fixture.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

TEST_F(IntakeTest, AFounderIsEstablishedAtOnce) {
  ring({kSelf});
  EXPECT_FALSE(intake.is_established()) << "it may yet find a network";
  const Effects effects = join();
  EXPECT_TRUE(intake.is_established());
  EXPECT_TRUE(effects.is_changed);
  EXPECT_TRUE(effects.claims.empty());
  EXPECT_TRUE(intake.gains().empty());
  EXPECT_EQ(intake.next_wakeup(), TimePoint::max());
}

TEST_F(IntakeTest, NobodyIsAskedBeforeTheNodeHasJoined) {
  EXPECT_TRUE(ring({kSelf, kOther}).claims.empty());
  EXPECT_EQ(intake.next_wakeup(), TimePoint::max());
}

TEST_F(IntakeTest, AJoinerAwaitsEveryKeyFromEveryOtherNode) {
  ring({kSelf});
  ring({kSelf, kOther, kThird}, {kFourth});
  const Effects effects = join();
  EXPECT_EQ(effects.claims, (Locations{kOther, kThird, kFourth})) << "who leaves holds keys too";
  EXPECT_TRUE(effects.is_changed);
  EXPECT_FALSE(intake.is_established());
  const auto gains = intake.gains();
  ASSERT_EQ(gains.size(), 1u);
  EXPECT_TRUE(gains[0].is_join);
  EXPECT_EQ(gains[0].era, 1u) << "what came here by any ring counts";
  EXPECT_EQ(gains[0].sources, (Locations{kOther, kThird, kFourth}));
  EXPECT_FALSE(gains[0].before->owner_of("any key").is_self);
}

TEST_F(IntakeTest, AJoinerOwnsNothingBeforeAllOthersWorkByItsRing) {
  ring({kSelf, kOther, kThird});
  join();
  EXPECT_FALSE(answer(kOther, kFencedOnly).is_changed);
  EXPECT_FALSE(answer(kThird, {false, false, {}}).is_changed);
  EXPECT_FALSE(intake.is_established());
  EXPECT_EQ(claims_within_a_second(), (Locations{kOther, kThird}));
  EXPECT_TRUE(answer(kThird, kFencedOnly).is_changed);
  EXPECT_TRUE(intake.is_established());
  EXPECT_EQ(sources(), (Locations{kOther, kThird})) << "to own is not yet to have";
}

TEST_F(IntakeTest, AGainEndsWhenAllItsSourcesAreClean) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndClean);
  EXPECT_EQ(sources(), (Locations{kThird}));
  EXPECT_FALSE(intake.is_established());
  answer(kThird, kFencedOnly);
  EXPECT_EQ(sources(), (Locations{kThird}));
  EXPECT_EQ(claims_within_a_second(), (Locations{kThird})) << "who is clean is left alone";
  const Effects over = answer(kThird, kFencedAndClean);
  EXPECT_TRUE(over.is_changed);
  EXPECT_FALSE(over.is_census_done) << "there was none";
  EXPECT_TRUE(intake.gains().empty());
  EXPECT_TRUE(claims_within_a_second().empty());
}

TEST_F(IntakeTest, BeingCleanByAnotherRingSaysNothing) {
  ring({kSelf, kOther});
  join();
  answer(kOther, {false, true, {}});
  EXPECT_FALSE(intake.is_established());
  EXPECT_EQ(sources(), (Locations{kOther}));
}

TEST_F(IntakeTest, WhoWorksByOurRingGoesOnDoingSoWhenAnAnswerGetsLost) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedOnly);
  wake_up();
  no_answer(kOther);
  answer(kThird, kFencedOnly);
  EXPECT_TRUE(intake.is_established());
}

TEST_F(IntakeTest, AMemberThatComesBackIsAskedAnew) {
  ring({kSelf, kOther, kThird});
  join();
  ring({kSelf, kOther});
  EXPECT_EQ(ring({kSelf, kOther, kThird}).claims, (Locations{kThird})) << "the former question went to its former life";
}

TEST_F(IntakeTest, AChangeOfTheRingBeforeThatAsksAnew) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndClean);
  const Effects changed = ring({kSelf, kOther, kThird, kFourth});
  EXPECT_EQ(changed.claims, (Locations{kOther, kFourth})) << "the third is being asked already";
  answer(kThird, kFencedOnly);  // to a question of before
  answer(kThird, kFencedOnly);
  answer(kFourth, kFencedOnly);
  EXPECT_FALSE(intake.is_established()) << "the other may not know of the fourth";
  EXPECT_EQ(sources(), (Locations{kOther, kThird, kFourth})) << "and if it leaves with it, has keys for us again";
  answer(kOther, kFencedOnly);
  EXPECT_TRUE(intake.is_established());
}

TEST_F(IntakeTest, AnAnswerToAQuestionFromBeforeAChangeOfTheRingDoesNotCount) {
  ring({kSelf, kOther});
  join();
  EXPECT_EQ(ring({kSelf, kOther, kThird}).claims, (Locations{kThird})) << "the other one is being asked";
  EXPECT_EQ(answer(kOther, kFencedAndClean).claims, (Locations{kOther})) << "at once";
  answer(kThird, kFencedAndClean);
  EXPECT_FALSE(intake.is_established());
  answer(kOther, kFencedAndClean);
  EXPECT_TRUE(intake.is_established());
}

TEST_F(IntakeTest, AChangeOfTheRingDoesNotWaitForAPause) {
  ring({kSelf, kOther, kThird});
  join();
  for (int i = 0; i < 8; ++i) {
    answer(kOther, kFencedOnly);
    if (i < 7) wake_up();
  }
  EXPECT_EQ(ring({kSelf, kOther, kThird, kFourth}).claims, (Locations{kOther, kFourth}));
}

TEST_F(IntakeTest, AMemberThatVanishesIsNoSourceAnyMore) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndClean);
  EXPECT_FALSE(intake.is_established());
  const Effects changed = ring({kSelf, kOther});
  EXPECT_EQ(changed.claims, (Locations{kOther}));
  EXPECT_TRUE(answer(kOther, kFencedAndClean).is_changed);
  EXPECT_TRUE(intake.is_established());
  EXPECT_TRUE(intake.gains().empty());
  EXPECT_FALSE(answer(kThird, kFencedAndClean).is_changed) << "its late answer does no harm";
}

TEST_F(IntakeTest, WhenAllOthersVanishTheJoinerOwnsEverything) {
  ring({kSelf, kOther});
  join();
  EXPECT_TRUE(ring({kSelf}).is_changed);
  EXPECT_TRUE(intake.is_established());
  EXPECT_TRUE(intake.gains().empty());
  EXPECT_EQ(intake.next_wakeup(), TimePoint::max());
}

TEST_F(IntakeTest, WhoJoinsLaterIsNoSourceOfANodeThatOwnsItsKeys) {
  ring({kSelf, kOther});
  join();
  answer(kOther, kFencedOnly);
  const Effects changed = ring({kSelf, kOther, kThird});
  EXPECT_TRUE(changed.claims.empty());
  EXPECT_TRUE(intake.is_established()) << "that is for ever";
  EXPECT_EQ(sources(), (Locations{kOther}));
  EXPECT_TRUE(answer(kOther, {true, false, {kThird}}).claims.empty());
  EXPECT_EQ(sources(), (Locations{kOther})) << "whomever the other one awaits keys from";
}

TEST_F(IntakeTest, ANodeWithoutAStoreHoldsNothing) {
  ring({kSelf, kOther, kThird});
  join();
  EXPECT_FALSE(no_store(kOther).is_changed);
  EXPECT_TRUE(no_store(kThird).is_changed);
  EXPECT_TRUE(intake.is_established());
  EXPECT_TRUE(intake.gains().empty());
}

// --- silence ---------------------------------------------------------------------------------------------------------

TEST_F(IntakeTest, ASilentMemberHoldsAJoinUpForAWhileOnlyAndIsNamed) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndClean);
  EXPECT_EQ(intake.next_wakeup(), now + kFencePatience) << "the third is being asked";
  now += kFencePatience - 1ns;
  EXPECT_TRUE(tick().given_up.empty());
  EXPECT_FALSE(intake.is_established());
  const Effects effects = wake_up();
  EXPECT_EQ(effects.given_up, (Locations{kThird}));
  EXPECT_TRUE(effects.is_changed);
  EXPECT_TRUE(intake.is_established());
  EXPECT_EQ(sources(), (Locations{kThird})) << "when it wakes up it may still bring something";
  EXPECT_TRUE(tick().given_up.empty()) << "once";
}

TEST_F(IntakeTest, AMemberThatRefusesIsAskedAgainAndGivenUpAsWell) {
  ring({kSelf, kOther});
  join();
  const TimePoint joined_at = now;
  Locations given_up;
  int claims = 1;
  while (!intake.is_established() && now < joined_at + 10s) {
    no_answer(kOther);
    const Effects effects = wake_up();
    claims += static_cast<int>(effects.claims.size());
    given_up.insert(given_up.end(), effects.given_up.begin(), effects.given_up.end());
  }
  EXPECT_EQ(now, joined_at + kFencePatience);
  EXPECT_EQ(given_up, (Locations{kOther}));
  EXPECT_GT(claims, 10);
  EXPECT_EQ(sources(), (Locations{kOther}));
}

TEST_F(IntakeTest, PatienceIsWithEachNodeFromItsLastAnswerOn) {
  ring({kSelf, kOther, kThird});
  join();
  now += kFencePatience - 1s;
  answer(kThird, {});  // by another ring
  ring({kSelf, kOther, kThird, kFourth});
  now += 1s;
  EXPECT_EQ(tick().given_up, (Locations{kOther}));
  EXPECT_FALSE(intake.is_established()) << "who answers is not given up";
}

TEST_F(IntakeTest, WhoAnswersThatItDoesNotWorkByOurRingYetIsWaitedForWithoutHaste) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedOnly);
  const TimePoint joined_at = now;
  int claims = 0;
  while (now < joined_at + 2 * kFencePatience) {
    for (const Location& claim : wake_up().claims) claims += claim == kThird ? 1 : 0;
    answer(kThird, {});
    ASSERT_GT(intake.next_wakeup(), now) << "it would wake up again and again";
  }
  EXPECT_FALSE(intake.is_established());
  EXPECT_LT(claims, 50);
}

// --- how often a node is asked ---------------------------------------------------------------------------------------

TEST_F(IntakeTest, NobodyIsAskedTwiceAtATime) {
  ring({kSelf, kOther});
  EXPECT_EQ(join().claims, (Locations{kOther}));
  EXPECT_TRUE(claims_within_a_second().empty());
  EXPECT_TRUE(ring({kSelf, kOther}, {kThird}).claims == (Locations{kThird}));
}

TEST_F(IntakeTest, ThePausesBetweenClaimsDoubleToTheirMaximum) {
  ring({kSelf, kOther});
  join();
  std::vector<Duration> pauses;
  for (int i = 0; i < 9; ++i) {
    const TimePoint answered_at = now;
    answer(kOther, kFencedOnly);
    now = intake.next_wakeup() - 1ns;
    EXPECT_TRUE(tick().claims.empty()) << "earlier does no harm";
    EXPECT_EQ(wake_up().claims, (Locations{kOther}));
    pauses.push_back(now - answered_at);
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{5ms, 10ms, 20ms, 40ms, 80ms, 160ms, 200ms, 200ms, 200ms}));
}

TEST_F(IntakeTest, AStrangersAnswerIsIgnored) {
  ring({kSelf, kOther});
  join();
  const Effects effects = answer(kThird, {true, true, {kFourth}});
  EXPECT_TRUE(effects.claims.empty());
  EXPECT_FALSE(effects.is_changed);
  EXPECT_EQ(sources(), (Locations{kOther}));
}

// --- beside the 2009 system ------------------------------------------------------------------------------------------

TEST_F(IntakeTest, AMemberOfThe2009SystemKeepsNoJoinerFromOwningKeys) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kThird, kFencedAndClean);
  EXPECT_TRUE(of_2009(kOther).is_changed);
  EXPECT_TRUE(intake.is_established());
  EXPECT_EQ(sources(), (Locations{kOther}));
  EXPECT_EQ(intake.gains().front().recipients, (Locations{kOther}));
}

TEST_F(IntakeTest, ItHasGivenWhatItHadWhenItShowsTheJoiner) {
  ring({kSelf, kOther});
  join();
  of_2009(kOther);
  shows(kOther, {kOther, kThird});
  EXPECT_EQ(sources(), (Locations{kOther})) << "it has not heard of this node yet";
  EXPECT_EQ(wake_up().claims, (Locations{kOther}));
  EXPECT_TRUE(shows(kOther, {kOther, kSelf}).is_changed);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, AMemberOfThe2009SystemStaysFencedWhoeverJoins) {
  ring({kSelf, kOther, kThird});
  join();
  of_2009(kOther);
  ring({kSelf, kOther, kThird, kFourth});
  answer(kThird, kFencedOnly);
  answer(kThird, kFencedOnly);
  EXPECT_FALSE(intake.is_established());
  answer(kFourth, kFencedOnly);
  EXPECT_TRUE(intake.is_established()) << "it may be waiting for this node to be ready";
}

TEST_F(IntakeTest, WhatAJoinerHasGotByPutsIsAskedOfWhoAnswers) {
  ring({kSelf, kOther, kThird});
  join();
  of_2009(kOther);
  answer(kThird, kFencedOnly);
  EXPECT_EQ(intake.gains().front().recipients, (Locations{kOther, kThird}));
  now += kFencePatience;
  no_answer(kThird);
  EXPECT_EQ(intake.gains().front().recipients, (Locations{kOther})) << "it may hang";
  EXPECT_EQ(sources(), (Locations{kOther, kThird})) << "and holds what was its own";
}

// The leaver has not heard of this node, and gives its keys to others.
TEST_F(IntakeTest, WhenOneLeavesThatHasNotShownAJoinerEverybodyMayHoldItsKeys) {
  foreign = {kOther};
  ring({kSelf, kOther, kThird});
  join();
  of_2009(kOther);
  answer(kThird, kFencedAndClean);
  EXPECT_EQ(sources(), (Locations{kOther}));
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(sources(), (Locations{kOther, kThird}));
  ring({kSelf, kThird});
  EXPECT_EQ(sources(), (Locations{kThird}));
  answer(kThird, kFencedAndClean);
  answer(kThird, kFencedAndClean);
  EXPECT_TRUE(intake.gains().empty());
}

TEST_F(IntakeTest, WhatIsGivenToOneThatHasJoinedIsFollowed) {
  be_a_member_with({kOther, kThird});
  foreign = {kOther, kFourth};
  EXPECT_TRUE(ring({kSelf, kOther, kThird, kFourth}).is_changed);
  ASSERT_EQ(intake.gifts().size(), 1u);
  EXPECT_EQ(intake.gifts().front().to, kFourth);
  EXPECT_EQ(intake.gifts().front().givers, (Locations{kOther, kThird}));
  EXPECT_TRUE(intake.gains().empty());
  EXPECT_EQ(wake_up().claims, (Locations{kFourth})) << "what is it?";
  EXPECT_EQ(of_2009(kFourth).claims, (Locations{kOther, kThird}));
  answer(kThird, kFencedAndClean);
  shows(kOther, {kSelf, kOther, kThird});
  EXPECT_EQ(intake.gifts().front().givers, (Locations{kOther})) << "it is of that system too, and knows nothing of it";
  EXPECT_EQ(wake_up().claims, (Locations{kOther}));
  EXPECT_TRUE(shows(kOther, {kSelf, kOther, kThird, kFourth}).is_changed);
  EXPECT_TRUE(intake.gifts().empty());
}

TEST_F(IntakeTest, AJoinerFollowsWhatIsGivenToOneThatMayHaveJoinedShortlyBeforeIt) {
  ring({kSelf, kOther, kThird});
  join();
  of_2009(kOther);
  ASSERT_EQ(intake.gifts().size(), 1u);
  EXPECT_EQ(intake.gifts().front().to, kOther);
  EXPECT_EQ(intake.gifts().front().givers, (Locations{kThird}));
  answer(kThird, kFencedAndClean);
  answer(kThird, kFencedAndClean);
  EXPECT_TRUE(intake.gifts().empty());
  of_2009(kOther);
  EXPECT_TRUE(intake.gifts().empty()) << "once";
}

TEST_F(IntakeTest, OneOfOursAsksForItsKeysItself) {
  be_a_member_with({kOther});
  foreign = {kThird};
  ring({kSelf, kOther, kThird});
  foreign = {};
  EXPECT_TRUE(wake_up().claims.empty());
  EXPECT_TRUE(intake.gifts().empty());
  EXPECT_EQ(intake.next_wakeup(), TimePoint::max());
}

TEST_F(IntakeTest, ButWhoOfThe2009SystemHasNotHeardOfItIsKnown) {
  be_a_member_with({kOther});
  foreign = {kOther};
  EXPECT_EQ(ring({kSelf, kOther, kThird}).claims, (Locations{kOther}));
  ASSERT_EQ(intake.gifts().size(), 1u);
  EXPECT_EQ(intake.gifts().front().givers, (Locations{kOther}));
  shows(kOther, {kSelf, kOther, kThird});
  EXPECT_TRUE(intake.gifts().empty());
}

TEST_F(IntakeTest, WhoHasGoneIsGivenNothing) {
  be_a_member_with({kOther});
  foreign = {kThird};
  ring({kSelf, kOther, kThird});
  ring({kSelf, kOther});
  EXPECT_TRUE(intake.gifts().empty());
  EXPECT_EQ(intake.next_wakeup(), TimePoint::max());
}

}  // namespace
}  // namespace p2p::diststore
