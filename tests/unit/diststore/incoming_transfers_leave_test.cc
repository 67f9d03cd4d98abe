// What a member awaits when another one leaves, and how it finds out that no node holds a key of another one.
#include "incoming_transfers_fixture.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

TEST_F(IncomingTransfersTest, ALeaversKeysAreAwaitedByWhoStays) {
  be_a_member_with({kOther, kThird});
  const Effects effects = ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(effects.transfer_requests, (NodeAddresses{kOther}));
  EXPECT_TRUE(effects.is_changed);
  EXPECT_TRUE(incoming.is_established());
  const auto acquired_ranges = incoming.acquired_ranges();
  ASSERT_EQ(acquired_ranges.size(), 1u);
  EXPECT_FALSE(acquired_ranges[0].is_join);
  EXPECT_EQ(acquired_ranges[0].view_version, view_version);
  EXPECT_EQ(acquired_ranges[0].sources, (NodeAddresses{kOther}));
  EXPECT_EQ(acquired_ranges[0].before->members(), (NodeAddresses{kSelf, kOther, kThird}));
}

TEST_F(IncomingTransfersTest, ALeaveIsOverWhenTheLeaverIsHandedOverOrGone) {
  be_a_member_with({kOther, kThird});
  ring({kSelf}, {kOther, kThird});
  EXPECT_EQ(incoming.acquired_ranges().size(), 2u);
  EXPECT_TRUE(answer(kOther, kFencedAndHandedOver).is_changed);
  ASSERT_EQ(incoming.acquired_ranges().size(), 1u);
  EXPECT_EQ(sources(), (NodeAddresses{kThird}));
  EXPECT_TRUE(ring({kSelf}, {kOther}).is_changed);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, ALeaverOfThe2009SystemIsAwaitedUntilItIsGone) {
  foreign = {kOther};
  be_a_member_with({kOther});
  ring({kSelf}, {kOther});
  of_2009(kOther);
  shows(kOther, {kSelf, kOther});
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
  EXPECT_TRUE(ring({kSelf}).is_changed);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, WhatItPutsToAnotherMemberIsAwaitedFromThatOne) {
  foreign = {kOther};
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(sources(), (NodeAddresses{kOther, kThird}));
  EXPECT_EQ(incoming.acquired_ranges().front().recipients, (NodeAddresses{kOther, kThird}));
  ring({kSelf, kThird});
  EXPECT_EQ(sources(), (NodeAddresses{kThird})) << "it may have got a key that is ours";
  EXPECT_TRUE(answer(kThird, kFencedAndHandedOver).is_changed);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, ALeaverOfThe2009SystemThatIsAMemberAgainIsNotAwaited) {
  foreign = {kOther};
  be_a_member_with({kOther});
  ring({kSelf}, {kOther});
  ring({kSelf, kOther});
  EXPECT_TRUE(shows(kOther, {kSelf, kOther}).is_changed);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, ALeaverOfThe2009SystemKeepsNoJoinerFromOwningKeys) {
  foreign = {kOther};
  ring({kSelf}, {kOther});
  EXPECT_TRUE(join().is_changed);
  EXPECT_TRUE(incoming.is_established()) << "it owns nothing any more, and answers nobody";
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
  EXPECT_EQ(incoming.acquired_ranges().front().recipients, (NodeAddresses{kOther}));
}

// A frozen one must not keep keys from being used that have nothing to do with it.
TEST_F(IncomingTransfersTest, WhoIsSilentIsNotAwaitedForWhatItMayHaveGot) {
  foreign = {kOther};
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  ring({kSelf, kThird});
  now += kFencePatience - 1ms;
  no_answer(kThird);
  EXPECT_EQ(sources(), (NodeAddresses{kThird}));
  EXPECT_TRUE(wake_up().is_changed);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, NorWhenAnotherOneLeavesMeanwhile) {
  foreign = {kOther, kFourth};
  be_a_member_with({kOther, kThird, kFourth});
  ring({kSelf, kThird, kFourth}, {kOther});
  now += kFencePatience;
  tick();
  ring({kSelf, kThird}, {kOther, kFourth});
  now += kFencePatience;
  tick();
  ring({kSelf, kThird});
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, ItsSilenceIsNoticedWhileAQuestionIsUnderWay) {
  foreign = {kOther};
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  ring({kSelf, kThird});
  EXPECT_EQ(incoming.next_wakeup(), now + kFencePatience);
  EXPECT_TRUE(wake_up().is_changed);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, ALeaverThatTurnsOutToBeOursPutsNothing) {
  be_a_member_with({kOther, kThird});
  foreign = {kOther};
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(sources(), (NodeAddresses{kOther, kThird}));
  foreign = {};
  EXPECT_TRUE(answer(kOther, kFencedOnly).is_changed);
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
  EXPECT_TRUE(incoming.acquired_ranges().front().recipients.empty());
}

TEST_F(IncomingTransfersTest, AMemberOfThatSystemMayGetPutsUntilTheLeaverIsGone) {
  foreign = {kOther, kThird};
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  shows(kThird, {kSelf, kOther, kThird});
  EXPECT_EQ(sources(), (NodeAddresses{kOther, kThird}));
  ring({kSelf, kThird});
  wake_up();
  shows(kThird, {kSelf, kThird});
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, ALeaveIsNoticedOnce) {
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  const ViewVersion first = view_version;
  ring({kSelf}, {kOther, kThird});
  const auto acquired_ranges = incoming.acquired_ranges();
  ASSERT_EQ(acquired_ranges.size(), 2u);
  EXPECT_EQ(acquired_ranges[0].view_version, first);
  EXPECT_EQ(acquired_ranges[0].sources, (NodeAddresses{kOther}));
  EXPECT_EQ(acquired_ranges[0].before->members(), (NodeAddresses{kSelf, kOther, kThird}));
  EXPECT_EQ(acquired_ranges[1].view_version, view_version);
  EXPECT_EQ(acquired_ranges[1].sources, (NodeAddresses{kThird}));
  EXPECT_EQ(acquired_ranges[1].before->members(), (NodeAddresses{kSelf, kThird})) << "the other owned nothing any more";
  EXPECT_FALSE(ring({kSelf}, {kOther, kThird}).is_changed);
  EXPECT_EQ(incoming.acquired_ranges().size(), 2u);
}

TEST_F(IncomingTransfersTest, ANodeThatOwnsNothingYetAwaitsALeaversKeysByItsJoin) {
  ring({kSelf, kOther});
  join();
  ring({kSelf}, {kOther});
  const auto acquired_ranges = incoming.acquired_ranges();
  ASSERT_EQ(acquired_ranges.size(), 1u);
  EXPECT_TRUE(acquired_ranges[0].is_join);
  EXPECT_EQ(acquired_ranges[0].sources, (NodeAddresses{kOther}));
  EXPECT_FALSE(incoming.is_established());
}

TEST_F(IncomingTransfersTest, WhoWasHandedOverAsAMemberHasKeysForAJoinerWhenItLeaves) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndHandedOver);  // it held its own keys only
  EXPECT_EQ(ring({kSelf, kThird}, {kOther}).transfer_requests, (NodeAddresses{kOther}));
  EXPECT_EQ(sources(), (NodeAddresses{kOther, kThird})) << "they are ours now, and lie there";
}

TEST_F(IncomingTransfersTest, WhoLeavesItselfAwaitsNothingFromAnotherLeaver) {
  be_a_member_with({kOther, kThird});
  EXPECT_TRUE(ring({kThird}, {kSelf, kOther}).transfer_requests.empty());
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, AMemberThatIsKilledLeavesNothingToAwait) {
  be_a_member_with({kOther, kThird});
  EXPECT_TRUE(ring({kSelf, kOther}).transfer_requests.empty());
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, WhatALeaverAwaitsItselfIsAwaitedFromThereToo) {
  be_a_member_with({kOther, kThird, kFourth});
  ring({kSelf, kThird, kFourth}, {kOther});
  const Effects effects = answer(kOther, {true, true, {kThird, kSelf, {"10.0.0.1", 1}}});
  EXPECT_EQ(effects.transfer_requests, (NodeAddresses{kThird})) << "neither ourselves nor a stranger";
  EXPECT_TRUE(effects.is_changed);
  EXPECT_EQ(sources(), (NodeAddresses{kThird}));
  answer(kThird, {true, false, {kFourth}});
  EXPECT_EQ(sources(), (NodeAddresses{kThird, kFourth})) << "and so on";
  answer(kFourth, {true, true, {kThird}});
  EXPECT_EQ(requests_within_a_second(), (NodeAddresses{kThird}));
  EXPECT_TRUE(answer(kThird, kFencedAndHandedOver).is_changed);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, AJoinerAsksEverybodyAnyway) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, kFencedAndHandedOver);
  answer(kThird, {true, false, {kOther}});
  EXPECT_EQ(sources(), (NodeAddresses{kThird}));
}

// --- the tombstone check
// ------------------------------------------------------------------------------------------------------

TEST_F(IncomingTransfersTest, ATombstoneCheckIsDoneWhenEveryOtherNodeIsHandedOver) {
  be_a_member_with({kOther, kThird});
  const Effects begun = tombstone_check();
  EXPECT_EQ(begun.transfer_requests, (NodeAddresses{kOther, kThird}));
  EXPECT_FALSE(begun.is_tombstone_check_done);
  EXPECT_FALSE(begun.is_changed);
  EXPECT_TRUE(incoming.acquired_ranges().empty()) << "nothing is awaited";
  EXPECT_FALSE(answer(kOther, kFencedAndHandedOver).is_tombstone_check_done);
  EXPECT_FALSE(answer(kThird, kFencedOnly).is_tombstone_check_done);
  EXPECT_EQ(requests_within_a_second(), (NodeAddresses{kThird}));
  const Effects done = answer(kThird, kFencedAndHandedOver);
  EXPECT_TRUE(done.is_tombstone_check_done);
  EXPECT_FALSE(done.is_changed);
  EXPECT_TRUE(requests_within_a_second().empty());
}

TEST_F(IncomingTransfersTest, ATombstoneCheckIsAskedAnewEachTime) {
  be_a_member_with({kOther});
  tombstone_check();
  EXPECT_TRUE(answer(kOther, kFencedAndHandedOver).is_tombstone_check_done);
  EXPECT_EQ(tombstone_check().transfer_requests, (NodeAddresses{kOther}));
  EXPECT_FALSE(tick().is_tombstone_check_done);
  EXPECT_TRUE(answer(kOther, kFencedAndHandedOver).is_tombstone_check_done);
}

TEST_F(IncomingTransfersTest, ALonelyNodesTombstoneCheckIsDoneAtOnce) {
  be_a_member_with({});
  EXPECT_TRUE(tombstone_check().is_tombstone_check_done);
}

TEST_F(IncomingTransfersTest, ATombstoneCheckAsksLeaversTooAndDoesNotWaitForTheDead) {
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  answer(kOther, kFencedAndHandedOver);
  EXPECT_EQ(tombstone_check().transfer_requests, (NodeAddresses{kOther, kThird}));
  EXPECT_TRUE(no_store(kThird).transfer_requests.empty());
  EXPECT_TRUE(ring({kSelf, kThird}).is_tombstone_check_done);
}

TEST_F(IncomingTransfersTest, AnAnswerToAnOlderQuestionDoesNotCountForATombstoneCheck) {
  ring({kSelf, kOther});
  join();
  EXPECT_TRUE(tombstone_check().transfer_requests.empty()) << "the other is being asked for the join";
  const Effects effects = answer(kOther, kFencedAndHandedOver);
  EXPECT_FALSE(effects.is_tombstone_check_done);
  EXPECT_EQ(effects.transfer_requests, (NodeAddresses{kOther})) << "at once";
  const Effects done = answer(kOther, kFencedAndHandedOver);
  EXPECT_TRUE(done.is_tombstone_check_done);
  EXPECT_TRUE(incoming.is_established());
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, AnAnswerToAnOlderQuestionDoesNotCountForALeave) {
  be_a_member_with({kOther, kThird});
  tombstone_check();
  EXPECT_TRUE(ring({kSelf, kThird}, {kOther}).transfer_requests.empty())
      << "both are being asked for the tombstone check";
  EXPECT_EQ(answer(kOther, kFencedAndHandedOver).transfer_requests, (NodeAddresses{kOther}));
  EXPECT_EQ(sources(), (NodeAddresses{kOther}));
  answer(kOther, kFencedAndHandedOver);
  EXPECT_TRUE(incoming.acquired_ranges().empty());
}

TEST_F(IncomingTransfersTest, ATombstoneCheckWaitsForNoPauseThatWasMeantForSomethingElse) {
  be_a_member_with({kOther, kThird});
  ring({kSelf, kThird}, {kOther});
  for (int i = 0; i < 6; ++i) {
    answer(kOther, kFencedOnly);
    wake_up();
  }
  answer(kOther, kFencedOnly);
  EXPECT_GE(incoming.next_wakeup(), now + kTransferRequestPauseMax);
  EXPECT_EQ(tombstone_check().transfer_requests, (NodeAddresses{kOther, kThird}));
  answer(kOther, kFencedOnly);
  EXPECT_EQ(incoming.next_wakeup(), now + kTransferRequestPauseMin);
}

}  // namespace
}  // namespace p2p::diststore
