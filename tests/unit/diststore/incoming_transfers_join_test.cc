// How a node gets its keys when it joins, and when it begins to own them.
#include "incoming_transfers_fixture.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

TEST_F(IncomingTransfersTest, AFounderIsEstablishedAtOnce) {
  ring({kSelf});
  EXPECT_FALSE(incoming.is_established()) << "it may yet find a network";
  const Effects effects = join();
  EXPECT_TRUE(incoming.is_established());
  EXPECT_TRUE(effects.is_changed);
  EXPECT_TRUE(effects.transfer_requests.empty());
  EXPECT_TRUE(incoming.acquired_ranges().empty());
  EXPECT_EQ(incoming.next_wakeup(), TimePoint::max());
}

TEST_F(IncomingTransfersTest, NobodyIsAskedBeforeTheNodeHasJoined) {
  EXPECT_TRUE(ring({kSelf, kOther}).transfer_requests.empty());
  EXPECT_EQ(incoming.next_wakeup(), TimePoint::max());
}

TEST_F(IncomingTransfersTest, AJoinerAwaitsEveryKeyFromEveryOtherNode) {
  ring({kSelf});
  ring({kSelf, kOther, kThird}, {kFourth});
  const Effects effects = join();
  EXPECT_EQ(effects.transfer_requests, (NodeAddresses{kOther, kThird, kFourth})) << "who leaves holds keys too";
  EXPECT_TRUE(effects.is_changed);
  EXPECT_FALSE(incoming.is_established());
  const auto acquired_ranges = incoming.acquired_ranges();
  ASSERT_EQ(acquired_ranges.size(), 1u);
  EXPECT_TRUE(acquired_ranges[0].is_join);
  EXPECT_EQ(acquired_ranges[0].view_version, 1u) << "what came here by any ring counts";
  EXPECT_EQ(acquired_ranges[0].sources, (NodeAddresses{kOther, kThird, kFourth}));
  EXPECT_FALSE(acquired_ranges[0].before->owner_of("any key").is_self);
}

TEST_F(IncomingTransfersTest, AJoinerOwnsNothingBeforeAllOthersWorkByItsRing) {
  ring({kSelf, kOther, kThird});
  join();
  EXPECT_FALSE(answer(kOther, kFencedOnly).is_changed);
  EXPECT_FALSE(answer(kThird, {false, false, {}}).is_changed);
  EXPECT_FALSE(incoming.is_established());
  EXPECT_EQ(requests_within_a_second(), (NodeAddresses{kOther, kThird}));
  EXPECT_TRUE(answer(kThird, kFencedOnly).is_changed);
  EXPECT_TRUE(incoming.is_established());
  EXPECT_EQ(sources(), (NodeAddresses{kOther, kThird})) << "to own is not yet to have";
}

TEST_F(IncomingTransfersTest, AnAcquiredRangeEndsWhenAllItsSourcesAreHandedOver) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndHandedOver);
  EXPECT_EQ(sources(), (NodeAddresses{kThird}));
  EXPECT_FALSE(incoming.is_established());
  answer(kThird, kFencedOnly);
  EXPECT_EQ(sources(), (NodeAddresses{kThird}));
  EXPECT_EQ(requests_within_a_second(), (NodeAddresses{kThird})) << "who is clean is left alone";
  const Effects over = answer(kThird, kFencedAndHandedOver);
  EXPECT_TRUE(over.is_changed);
  EXPECT_FALSE(over.is_tombstone_check_done) << "there was none";
  EXPECT_TRUE(incoming.acquired_ranges().empty());
  EXPECT_TRUE(requests_within_a_second().empty());
}

TEST_F(IncomingTransfersTest, BeingHandedOverByAnotherRingSaysNothing) {
  ring({kSelf, kOther});
  join();
  answer(kOther, {false, true, {}});
  EXPECT_FALSE(incoming.is_established());
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
}

TEST_F(IncomingTransfersTest, WhoWorksByOurRingGoesOnDoingSoWhenAnAnswerGetsLost) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedOnly);
  wake_up();
  no_answer(kOther);
  answer(kThird, kFencedOnly);
  EXPECT_TRUE(incoming.is_established());
}

TEST_F(IncomingTransfersTest, AMemberThatComesBackIsAskedAnew) {
  ring({kSelf, kOther, kThird});
  join();
  ring({kSelf, kOther});
  EXPECT_EQ(ring({kSelf, kOther, kThird}).transfer_requests, (NodeAddresses{kThird}))
      << "the former question went to its former life";
}

TEST_F(IncomingTransfersTest, AChangeOfTheRingBeforeThatAsksAnew) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndHandedOver);
  const Effects changed = ring({kSelf, kOther, kThird, kFourth});
  EXPECT_EQ(changed.transfer_requests, (NodeAddresses{kOther, kFourth})) << "the third is being asked already";
  answer(kThird, kFencedOnly);  // to a question of before
  answer(kThird, kFencedOnly);
  answer(kFourth, kFencedOnly);
  EXPECT_TRUE(incoming.is_established()) << "the other knows of us since before";
  EXPECT_EQ(sources(), (NodeAddresses{kOther, kThird, kFourth}))
      << "if it leaves with the new ring, it has keys for us again";
}

TEST_F(IncomingTransfersTest, AnAnswerToAQuestionFromBeforeAChangeOfTheRingDoesNotCount) {
  ring({kSelf, kOther});
  join();
  EXPECT_EQ(ring({kSelf, kOther, kThird}).transfer_requests, (NodeAddresses{kThird})) << "the other one is being asked";
  EXPECT_EQ(answer(kOther, kFencedAndHandedOver).transfer_requests, (NodeAddresses{kOther})) << "at once";
  answer(kThird, kFencedAndHandedOver);
  EXPECT_FALSE(incoming.is_established());
  answer(kOther, kFencedAndHandedOver);
  EXPECT_TRUE(incoming.is_established());
}

TEST_F(IncomingTransfersTest, AChangeOfTheRingDoesNotWaitForAPause) {
  ring({kSelf, kOther, kThird});
  join();
  for (int i = 0; i < 8; ++i) {
    answer(kOther, kFencedOnly);
    if (i < 7) wake_up();
  }
  EXPECT_EQ(ring({kSelf, kOther, kThird, kFourth}).transfer_requests, (NodeAddresses{kOther, kFourth}));
}

TEST_F(IncomingTransfersTest, AMemberThatVanishesIsNoSourceAnyMore) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndHandedOver);
  EXPECT_FALSE(incoming.is_established());
  const Effects changed = ring({kSelf, kOther});
  EXPECT_EQ(changed.transfer_requests, (NodeAddresses{kOther}));
  EXPECT_TRUE(answer(kOther, kFencedAndHandedOver).is_changed);
  EXPECT_TRUE(incoming.is_established());
  EXPECT_TRUE(incoming.acquired_ranges().empty());
  EXPECT_FALSE(answer(kThird, kFencedAndHandedOver).is_changed) << "its late answer does no harm";
}

TEST_F(IncomingTransfersTest, WhenAllOthersVanishTheJoinerOwnsEverything) {
  ring({kSelf, kOther});
  join();
  EXPECT_TRUE(ring({kSelf}).is_changed);
  EXPECT_TRUE(incoming.is_established());
  EXPECT_TRUE(incoming.acquired_ranges().empty());
  EXPECT_EQ(incoming.next_wakeup(), TimePoint::max());
}

TEST_F(IncomingTransfersTest, WhoJoinsLaterIsNoSourceOfANodeThatOwnsItsKeys) {
  ring({kSelf, kOther});
  join();
  answer(kOther, kFencedOnly);
  const Effects changed = ring({kSelf, kOther, kThird});
  EXPECT_TRUE(changed.transfer_requests.empty());
  EXPECT_TRUE(incoming.is_established()) << "that is for ever";
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
  EXPECT_TRUE(answer(kOther, {true, false, {kThird}}).transfer_requests.empty());
  EXPECT_EQ(sources(), (NodeAddresses{kOther})) << "whomever the other one awaits keys from";
}

TEST_F(IncomingTransfersTest, ANodeWithoutAStoreHoldsNothing) {
  ring({kSelf, kOther, kThird});
  join();
  EXPECT_FALSE(no_store(kOther).is_changed);
  EXPECT_TRUE(no_store(kThird).is_changed);
  EXPECT_TRUE(incoming.is_established());
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

// --- silence ---------------------------------------------------------------------------------------------------------

TEST_F(IncomingTransfersTest, ASilentMemberHoldsAJoinUpForAWhileOnlyAndIsNamed) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndHandedOver);
  EXPECT_EQ(incoming.next_wakeup(), now + kFencePatience) << "the third is being asked";
  now += kFencePatience - 1ns;
  EXPECT_TRUE(tick().given_up.empty());
  EXPECT_FALSE(incoming.is_established());
  const Effects effects = wake_up();
  EXPECT_EQ(effects.given_up, (NodeAddresses{kThird}));
  EXPECT_TRUE(effects.is_changed);
  EXPECT_TRUE(incoming.is_established());
  EXPECT_EQ(sources(), (NodeAddresses{kThird})) << "when it wakes up it may still bring something";
  EXPECT_TRUE(tick().given_up.empty()) << "once";
}

TEST_F(IncomingTransfersTest, AMemberThatRefusesIsAskedAgainAndGivenUpAsWell) {
  ring({kSelf, kOther});
  join();
  const TimePoint joined_at = now;
  NodeAddresses given_up;
  int transfer_requests = 1;
  while (!incoming.is_established() && now < joined_at + 10s) {
    no_answer(kOther);
    const Effects effects = wake_up();
    transfer_requests += static_cast<int>(effects.transfer_requests.size());
    given_up.insert(given_up.end(), effects.given_up.begin(), effects.given_up.end());
  }
  EXPECT_EQ(now, joined_at + kFencePatience);
  EXPECT_EQ(given_up, (NodeAddresses{kOther}));
  EXPECT_GT(transfer_requests, 10);
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
}

TEST_F(IncomingTransfersTest, PatienceIsWithEachNodeFromItsLastAnswerOn) {
  ring({kSelf, kOther, kThird});
  join();
  now += kFencePatience - 1s;
  answer(kThird, {});  // by another ring
  ring({kSelf, kOther, kThird, kFourth});
  now += 1s;
  EXPECT_EQ(tick().given_up, (NodeAddresses{kOther}));
  EXPECT_FALSE(incoming.is_established()) << "who answers is not given up";
}

TEST_F(IncomingTransfersTest, WhoAnswersThatItDoesNotWorkByOurRingYetIsWaitedForWithoutHaste) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedOnly);
  const TimePoint joined_at = now;
  int transfer_requests = 0;
  while (now < joined_at + 2 * kFencePatience) {
    for (const NodeAddress& claim : wake_up().transfer_requests) transfer_requests += claim == kThird ? 1 : 0;
    answer(kThird, {});
    ASSERT_GT(incoming.next_wakeup(), now) << "it would wake up again and again";
  }
  EXPECT_FALSE(incoming.is_established());
  EXPECT_LT(transfer_requests, 50);
}

// --- how often a node is asked ---------------------------------------------------------------------------------------

TEST_F(IncomingTransfersTest, NobodyIsAskedTwiceAtATime) {
  ring({kSelf, kOther});
  EXPECT_EQ(join().transfer_requests, (NodeAddresses{kOther}));
  EXPECT_TRUE(requests_within_a_second().empty());
  EXPECT_TRUE(ring({kSelf, kOther}, {kThird}).transfer_requests == (NodeAddresses{kThird}));
}

TEST_F(IncomingTransfersTest, ThePausesBetweenRequestsDoubleToTheirMaximum) {
  ring({kSelf, kOther});
  join();
  std::vector<Duration> pauses;
  for (int i = 0; i < 9; ++i) {
    const TimePoint answered_at = now;
    answer(kOther, kFencedOnly);
    now = incoming.next_wakeup() - 1ns;
    EXPECT_TRUE(tick().transfer_requests.empty()) << "earlier does no harm";
    EXPECT_EQ(wake_up().transfer_requests, (NodeAddresses{kOther}));
    pauses.push_back(now - answered_at);
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{5ms, 10ms, 20ms, 40ms, 80ms, 160ms, 200ms, 200ms, 200ms}));
}

TEST_F(IncomingTransfersTest, AStrangersAnswerIsIgnored) {
  ring({kSelf, kOther});
  join();
  const Effects effects = answer(kThird, {true, true, {kFourth}});
  EXPECT_TRUE(effects.transfer_requests.empty());
  EXPECT_FALSE(effects.is_changed);
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
}

// --- beside the 2009 system ------------------------------------------------------------------------------------------

TEST_F(IncomingTransfersTest, AMemberOfThe2009SystemKeepsNoJoinerFromOwningKeys) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kThird, kFencedAndHandedOver);
  EXPECT_TRUE(of_2009(kOther).is_changed);
  EXPECT_TRUE(incoming.is_established());
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
  EXPECT_EQ(incoming.acquired_ranges().front().recipients, (NodeAddresses{kOther}));
}

TEST_F(IncomingTransfersTest, ItHasGivenWhatItHadWhenItShowsTheJoiner) {
  ring({kSelf, kOther});
  join();
  of_2009(kOther);
  shows(kOther, {kOther, kThird});
  EXPECT_EQ(sources(), (NodeAddresses{kOther})) << "it has not heard of this node yet";
  EXPECT_EQ(wake_up().transfer_requests, (NodeAddresses{kOther}));
  EXPECT_TRUE(shows(kOther, {kOther, kSelf}).is_changed);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, AMemberOfThe2009SystemStaysFencedWhoeverJoins) {
  ring({kSelf, kOther, kThird});
  join();
  of_2009(kOther);
  ring({kSelf, kOther, kThird, kFourth});
  answer(kThird, kFencedOnly);
  answer(kThird, kFencedOnly);
  EXPECT_FALSE(incoming.is_established());
  answer(kFourth, kFencedOnly);
  EXPECT_TRUE(incoming.is_established()) << "it may be waiting for this node to be ready";
}

TEST_F(IncomingTransfersTest, WhatAJoinerHasGotByPutsIsAskedOfWhoAnswers) {
  ring({kSelf, kOther, kThird});
  join();
  of_2009(kOther);
  answer(kThird, kFencedOnly);
  EXPECT_EQ(incoming.acquired_ranges().front().recipients, (NodeAddresses{kOther, kThird}));
  now += kFencePatience;
  no_answer(kThird);
  EXPECT_EQ(incoming.acquired_ranges().front().recipients, (NodeAddresses{kOther})) << "it may hang";
  EXPECT_EQ(sources(), (NodeAddresses{kOther, kThird})) << "and holds what was its own";
}

// The leaver has not heard of this node, and gives its keys to others.
TEST_F(IncomingTransfersTest, WhenOneLeavesThatHasNotShownAJoinerEverybodyMayHoldItsKeys) {
  foreign = {kOther};
  ring({kSelf, kOther, kThird});
  join();
  of_2009(kOther);
  answer(kThird, kFencedAndHandedOver);
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(sources(), (NodeAddresses{kOther, kThird}));
  ring({kSelf, kThird});
  EXPECT_EQ(sources(), (NodeAddresses{kThird}));
  answer(kThird, kFencedAndHandedOver);
  answer(kThird, kFencedAndHandedOver);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, WhatIsGivenToOneThatHasJoinedIsFollowed) {
  be_a_member_with({kOther, kThird});
  foreign = {kOther, kFourth};
  EXPECT_TRUE(ring({kSelf, kOther, kThird, kFourth}).is_changed);
  ASSERT_EQ(incoming.gifts().size(), 1u);
  EXPECT_EQ(incoming.gifts().front().to, kFourth);
  EXPECT_EQ(incoming.gifts().front().givers, (NodeAddresses{kOther, kThird}));
  EXPECT_TRUE(incoming.acquired_ranges().empty());
  EXPECT_EQ(wake_up().transfer_requests, (NodeAddresses{kFourth})) << "what is it?";
  EXPECT_EQ(of_2009(kFourth).transfer_requests, (NodeAddresses{kOther, kThird}));
  answer(kThird, kFencedAndHandedOver);
  shows(kOther, {kSelf, kOther, kThird});
  EXPECT_EQ(incoming.gifts().front().givers, (NodeAddresses{kOther}))
      << "it is of that system too, and knows nothing of it";
  EXPECT_EQ(wake_up().transfer_requests, (NodeAddresses{kOther}));
  EXPECT_TRUE(shows(kOther, {kSelf, kOther, kThird, kFourth}).is_changed);
  EXPECT_TRUE(incoming.gifts().empty());
}

TEST_F(IncomingTransfersTest, AJoinerFollowsWhatIsGivenToOneThatMayHaveJoinedShortlyBeforeIt) {
  ring({kSelf, kOther, kThird});
  join();
  of_2009(kOther);
  ASSERT_EQ(incoming.gifts().size(), 1u);
  EXPECT_EQ(incoming.gifts().front().to, kOther);
  EXPECT_EQ(incoming.gifts().front().givers, (NodeAddresses{kThird}));
  answer(kThird, kFencedAndHandedOver);
  answer(kThird, kFencedAndHandedOver);
  EXPECT_TRUE(incoming.gifts().empty());
  of_2009(kOther);
  EXPECT_TRUE(incoming.gifts().empty()) << "once";
}

TEST_F(IncomingTransfersTest, OneOfOursAsksForItsKeysItself) {
  be_a_member_with({kOther});
  foreign = {kThird};
  ring({kSelf, kOther, kThird});
  foreign = {};
  EXPECT_TRUE(wake_up().transfer_requests.empty());
  EXPECT_TRUE(incoming.gifts().empty());
  EXPECT_EQ(incoming.next_wakeup(), TimePoint::max());
}

TEST_F(IncomingTransfersTest, ButWhoOfThe2009SystemHasNotHeardOfItIsKnown) {
  be_a_member_with({kOther});
  foreign = {kOther};
  EXPECT_EQ(ring({kSelf, kOther, kThird}).transfer_requests, (NodeAddresses{kOther}));
  ASSERT_EQ(incoming.gifts().size(), 1u);
  EXPECT_EQ(incoming.gifts().front().givers, (NodeAddresses{kOther}));
  shows(kOther, {kSelf, kOther, kThird});
  EXPECT_TRUE(incoming.gifts().empty());
}

TEST_F(IncomingTransfersTest, WhoHasGoneIsGivenNothing) {
  be_a_member_with({kOther});
  foreign = {kThird};
  ring({kSelf, kOther, kThird});
  ring({kSelf, kOther});
  EXPECT_TRUE(incoming.gifts().empty());
  EXPECT_EQ(incoming.next_wakeup(), TimePoint::max());
}

}  // namespace
}  // namespace p2p::diststore
