// The classic membership core: joins and removals travel as chains, unreachable members are given up, tables heal what
// chains have missed. Every test is a plain function call at a told time.
#include "membership_fixture.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

namespace p2p::classic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// --- joins and the chain ---------------------------------------------------------------------------------------------

TEST_F(ClassicMembershipTest, AJoinIsAnsweredWithEveryRowAndStartsAChain) {
  with_members({9901, 9902});
  Effects effects;
  const auto reply = core.handle(Join{alive(9903)}, now, effects);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.value().members.size(), 4u);
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9903)});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9901));
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9903), {name(9900)}}));
}

TEST_F(ClassicMembershipTest, AChainGoesToTheFirstMemberByNameThatIsNoVisitedNode) {
  with_members({9901, 9902, 9903});
  const auto effects = on_message(PassOn{alive(9904), {name(9901)}});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9902));
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9904), {name(9901), name(9900)}}));
}

TEST_F(ClassicMembershipTest, AChainEndsWhenEveryMemberIsAVisitedNode) {
  with_members({9901, 9902});
  const auto effects = on_message(PassOn{alive(9903), {name(9901), name(9902)}});
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9903)});
  EXPECT_TRUE(effects.calls.empty());
}

TEST_F(ClassicMembershipTest, NobodyIsToldAboutItself) {
  with_members({9901});
  EXPECT_TRUE(on_message(Join{alive(9902)}).calls.size() == 1u);
  EXPECT_TRUE(on_message(PassOn{removed(9901), {name(9902)}}).calls.empty());
}

TEST_F(ClassicMembershipTest, ARowIsPassedOnOnceHoweverOftenItIsHeard) {
  with_members({9901, 9902});
  EXPECT_EQ(on_message(PassOn{alive(9903), {}}).calls.size(), 1u);
  const auto again = on_message(PassOn{alive(9903), {}});
  EXPECT_TRUE(again.calls.empty());
  EXPECT_TRUE(again.changes.empty());
}

TEST_F(ClassicMembershipTest, ARowLearntByComparingIsStillPassedOnWhenItsChainArrives) {
  with_members({9901, 9902});
  Effects effects;
  core.merge({alive(9903)}, now, effects);
  EXPECT_TRUE(effects.calls.empty());
  EXPECT_EQ(on_message(PassOn{alive(9903), {name(9901)}}).calls.size(), 1u);
}

TEST_F(ClassicMembershipTest, WhenTheNextOfAChainFailsTheOneAfterIsToldInstead) {
  with_members({9901, 9902});
  const auto first = on_message(PassOn{alive(9903), {}});
  for (const CallOutcome outcome :
       {CallOutcome::refused, CallOutcome::silent, CallOutcome::broken, CallOutcome::rejected}) {
    SCOPED_TRACE(static_cast<int>(outcome));
    ClassicMembership copy = core;
    Effects effects;
    copy.call_ended(first.calls[0].id, {outcome, {}}, now, effects);
    ASSERT_EQ(effects.calls.size(), 1u);
    EXPECT_EQ(effects.calls[0].to, at(9902));
    EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9903), {name(9900), name(9901)}}));
  }
}

TEST_F(ClassicMembershipTest, AnAnsweredChainGoesOnWithoutThisNode) {
  with_members({9901, 9902});
  const auto first = on_message(PassOn{alive(9903), {}});
  EXPECT_TRUE(end(first.calls[0], {CallOutcome::answered, {}}).calls.empty());
}

TEST_F(ClassicMembershipTest, ARestartOnTheSameAddressIsOneChange) {
  with_members({9901, 9902});
  const auto effects = on_message(Join{alive(9901, 2)});
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::restarted, at(9901)}}));
  EXPECT_TRUE(on_message(Join{alive(9901, 2)}).changes.empty());
  EXPECT_EQ(core.members().size(), 3u);
}

TEST_F(ClassicMembershipTest, AJoinByThisVeryNodeOrUnderItsNameIsTurnedAway) {
  Effects effects;
  const auto own = core.handle(Join{core.self()}, now, effects);
  ASSERT_FALSE(own.ok());
  EXPECT_EQ(own.error().text.rfind(kIsThisNode, 0), 0u);
  const auto other = core.handle(Join{alive(9900, 77)}, now, effects);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().text, "another node runs as 127.0.0.1:9900 already");
  EXPECT_EQ(core.self().incarnation, 1);
}

TEST_F(ClassicMembershipTest, ImplausibleRowsAreIgnored) {
  with_members({9901});
  const auto effects = on_message(PassOn{alive(9902, -5), {}});
  EXPECT_TRUE(effects.changes.empty());
  EXPECT_TRUE(effects.calls.empty());
}

// --- removal ---------------------------------------------------------------------------------------------------------

TEST_F(ClassicMembershipTest, ThreeFailedConnectsWithinASecondRemoveAMemberAndTellTheOthers) {
  with_members({9901, 9902});
  EXPECT_TRUE(fail_connect(9902).changes.empty());
  now += milliseconds(300);
  EXPECT_TRUE(fail_connect(9902).changes.empty());
  now += milliseconds(300);
  const auto effects = fail_connect(9902);
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::left, at(9902), Departure::refused}}));
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{removed(9902), {name(9900)}}));
}

TEST_F(ClassicMembershipTest, ThreeFailedConnectsOverLongerThanASecondRemoveNobody) {
  with_members({9901});
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(fail_connect(9901).changes.empty());
    now += milliseconds(600);
  }
}

TEST_F(ClassicMembershipTest, ManyCallsThatFailWithOneConnectCountOnce) {
  with_members({9901});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(fail_connect(9901).changes.empty());
}

TEST_F(ClassicMembershipTest, ASuccessBetweenFailuresStartsTheCountAgain) {
  with_members({9901, 9902});
  const auto chain = on_message(PassOn{alive(9903), {}});
  fail_connect(9901);
  now += milliseconds(250);
  fail_connect(9901);
  end(chain.calls[0], {CallOutcome::answered, {}});
  now += milliseconds(250);
  EXPECT_TRUE(fail_connect(9901).changes.empty());
}

TEST_F(ClassicMembershipTest, AfterOneFailureTheMemberIsAskedAgainSoThatASecondDecides) {
  with_members({9901, 9902});
  fail_connect(9901);
  const TimePoint first = now;
  for (int probes = 0; probes < 2; ++probes) {
    ASSERT_LT(core.next_wakeup(), first + seconds(1));
    now = core.next_wakeup();
    Effects effects;
    core.tick(now, effects);
    ASSERT_EQ(effects.calls.size(), 1u);
    EXPECT_EQ(effects.calls[0].to, at(9901));
    const auto after = end(effects.calls[0], {CallOutcome::refused, {}});
    EXPECT_EQ(after.changes.empty(), probes == 0);
  }
  EXPECT_LE(now, first + seconds(1));
}

TEST_F(ClassicMembershipTest, ASilentMemberIsNotRemoved) {
  with_members({9901});
  for (int i = 0; i < 20; ++i) {
    now = std::max(now, core.next_wakeup());
    Effects effects;
    core.tick(now, effects);
    for (const auto& call : effects.calls) EXPECT_TRUE(end(call, {CallOutcome::silent, {}}).changes.empty());
  }
  EXPECT_EQ(core.members().size(), 2u);
}

TEST_F(ClassicMembershipTest, ARemovedMemberStaysRemovedUntilItJoinsInALaterLife) {
  with_members({9901, 9902});
  on_message(PassOn{removed(9902), {}});
  Effects effects;
  core.merge({alive(9902)}, now, effects);
  EXPECT_TRUE(effects.changes.empty());
  EXPECT_EQ(on_message(Join{alive(9902, 2)}).changes, std::vector<MembershipChange>{joined(9902)});
}

TEST_F(ClassicMembershipTest, ANodeThatIsRemovedAnnouncesItselfInALaterLife) {
  with_members({9901, 9902});
  const auto effects = on_message(PassOn{removed(9900, 1), {name(9901)}});
  EXPECT_TRUE(effects.refuted);
  EXPECT_TRUE(effects.changes.empty());
  EXPECT_EQ(core.self().incarnation, 2);
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9900, 2), {name(9900)}}));
}

TEST_F(ClassicMembershipTest, ANodeWhoseClockWentBackTakesALifeAfterTheOneThatIsKnown) {
  Effects effects;
  core.merge({alive(9900, 50), alive(9901)}, now, effects);
  EXPECT_EQ(core.self().incarnation, 51);
}

TEST_F(ClassicMembershipTest, WhatThisNodeRefutesWithIsPlausibleAndStandsAboveEveryRemovalThatOthersBelieve) {
  with_members({9901});
  const std::int64_t beyond = kIncarnationMax + 1;
  EXPECT_FALSE(on_message(PassOn{removed(9900, beyond), {}}).refuted) << "not even heard";
  EXPECT_TRUE(on_message(PassOn{removed(9900, kRemovedIncarnationMax), {}}).refuted);
  EXPECT_EQ(core.self(), alive(9900, kRemovedIncarnationMax + 1));
  EXPECT_TRUE(on_message(PassOn{removed(9900, kIncarnationMax), {}}).refuted);
  EXPECT_EQ(core.self(), alive(9900, kIncarnationMax));
  EXPECT_TRUE(is_plausible(core.self()));
  EXPECT_FALSE(on_message(PassOn{removed(9900, kIncarnationMax), {}}).refuted) << "there is nothing left to say";
}

TEST_F(ClassicMembershipTest, ARemovalThatIsNotCredibleRemovesNobodyButFailedConnectsDo) {
  with_members({9901, 9902});
  on_message(PassOn{alive(9901, kIncarnationMax), {}});
  EXPECT_TRUE(on_message(PassOn{removed(9901, kIncarnationMax), {}}).changes.empty());
  EXPECT_EQ(core.members().size(), 3u);
  for (int attempt = 0; attempt < 3; ++attempt) {
    fail_connect(9901);
    now += milliseconds(300);
  }
  EXPECT_EQ(core.members().size(), 2u);
}

TEST_F(ClassicMembershipTest, AnOldRemovalOfThisNodeIsNoReasonToRefute) {
  ClassicMembership young{alive(9900, 10), ClassicOptions{}};
  Effects effects;
  young.merge({removed(9900, 9)}, now, effects);
  EXPECT_FALSE(effects.refuted);
  EXPECT_EQ(young.self().incarnation, 10);
}

// --- the 2009 system's calls -----------------------------------------------------------------------------------------

TEST_F(ClassicMembershipTest, AClassicAddOfAnUnknownAddressIsAJoin) {
  with_members({9901});
  Effects effects;
  core.classic_add(at(9950), {}, now, effects);
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9950)});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9950, 0), {name(9900)}}));
}

TEST_F(ClassicMembershipTest, AClassicAddOfARemovedAddressIsANewLife) {
  with_members({9901});
  on_message(PassOn{removed(9901, 1), {}});
  Effects effects;
  core.classic_add(at(9901), {}, now, effects);
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9901)});
  const auto rows = core.view().members;
  EXPECT_NE(std::find(rows.begin(), rows.end(), alive(9901, 2)), rows.end());
}

TEST_F(ClassicMembershipTest, AClassicAddOfAMemberChangesNothingAndIsPassedOnOnce) {
  with_members({9901, 9902});
  Effects first;
  core.classic_add(at(9901), {}, now, first);
  EXPECT_TRUE(first.changes.empty());
  EXPECT_EQ(first.calls.size(), 1u);
  Effects second;
  core.classic_add(at(9901), {}, now, second);
  EXPECT_TRUE(second.calls.empty());
}

TEST_F(ClassicMembershipTest, AClassicRemoveEndsTheKnownLifeAndAnUnknownOneIsIgnored) {
  with_members({9901, 9902});
  Effects effects;
  core.classic_remove(at(9901), {}, now, effects);
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::left, at(9901), Departure::hearsay}}));
  Effects farewell;
  core.classic_remove(at(9902), names({9902}), now, farewell);
  EXPECT_EQ(farewell.changes, (std::vector<MembershipChange>{{ChangeKind::leaving, at(9902)}}))
      << "it hands over first";
  Effects unknown;
  core.classic_remove(at(9999), {}, now, unknown);
  EXPECT_TRUE(unknown.changes.empty());
  EXPECT_TRUE(unknown.calls.empty());
}

TEST_F(ClassicMembershipTest, AClassicRemoveOfThisNodeIsRefuted) {
  with_members({9901});
  Effects effects;
  core.classic_remove(at(9900), {}, now, effects);
  EXPECT_TRUE(effects.refuted);
  EXPECT_EQ(core.members().size(), 2u);
}

// --- comparisons -----------------------------------------------------------------------------------------------------

TEST_F(ClassicMembershipTest, EqualTablesExchangeFingerprintsOnly) {
  with_members({9901});
  Effects effects;
  const auto reply = core.handle(Compare{{core.view().fingerprint, {}}}, now, effects);
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(reply.value().members.empty());
}

TEST_F(ClassicMembershipTest, DifferentTablesAreAnsweredWithEveryRow) {
  with_members({9901});
  Effects effects;
  const auto reply = core.handle(Compare{{123, {}}}, now, effects);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.value(), core.view());
}

TEST_F(ClassicMembershipTest, WhoLacksOurRowsGetsThemInASecondComparison) {
  with_members({9901});
  now = core.next_wakeup();
  Effects effects;
  core.tick(now, effects);
  ASSERT_EQ(effects.calls.size(), 1u);
  const View theirs{77, {alive(9901), alive(9902)}};
  const auto after = end(effects.calls[0], {CallOutcome::answered, theirs});
  EXPECT_EQ(after.changes, std::vector<MembershipChange>{joined(9902)});
  ASSERT_EQ(after.calls.size(), 1u);
  EXPECT_EQ(after.calls[0].message, Message(Compare{core.view()}));
  EXPECT_TRUE(end(after.calls[0], {CallOutcome::answered, theirs}).calls.empty());
}

// Names asked at the next `intervals` comparisons, each answered at once.
std::vector<std::vector<std::string>> asked_at_intervals(ClassicMembership& core, int intervals) {
  std::vector<std::vector<std::string>> all;
  for (int i = 0; i < intervals; ++i) {
    const TimePoint now = core.next_wakeup();
    Effects effects;
    core.tick(now, effects);
    all.emplace_back();
    for (const auto& call : effects.calls) {
      all.back().push_back(call.to.name());
      Effects after;
      core.call_ended(call.id, {CallOutcome::answered, {core.view().fingerprint, {}}}, now, after);
    }
  }
  return all;
}

TEST_F(ClassicMembershipTest, TheMemberBehindThisNodeIsComparedAtEveryInterval) {
  with_members({9899, 9901, 9902});
  for (const auto& asked : asked_at_intervals(core, 6)) {
    EXPECT_EQ(std::count(asked.begin(), asked.end(), name(9901)), 1);
  }
}

TEST_F(ClassicMembershipTest, EveryMemberHasItsTurnToBeCompared) {
  with_members({9901, 9902, 9903});
  std::vector<std::string> others;
  for (const auto& asked : asked_at_intervals(core, 6)) {
    EXPECT_LE(asked.size(), 2u);
    std::copy_if(asked.begin(), asked.end(), std::back_inserter(others),
                 [](const auto& it) { return it != name(9901); });
  }
  std::sort(others.begin(), others.end());
  EXPECT_EQ(others, (std::vector<std::string>{name(9902), name(9902), name(9903), name(9903)}));
}

TEST_F(ClassicMembershipTest, ARemovedNodeIsAskedNowAndThenSoThatHalvesFindEachOther) {
  with_members({9901});
  on_message(PassOn{removed(9901), {}});
  std::vector<OutgoingCall> calls;
  for (int i = 0; i < kComparesPerRemovedNode; ++i) {
    now = core.next_wakeup();
    Effects effects;
    core.tick(now, effects);
    calls.insert(calls.end(), effects.calls.begin(), effects.calls.end());
  }
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].to, at(9901));
  EXPECT_EQ(calls[0].message, Message(Compare{core.view()}));
}

TEST_F(ClassicMembershipTest, AfterAJoinSeveralMembersAreComparedAtOnce) {
  with_members({9901, 9902, 9903, 9904, 9905});
  Effects effects;
  core.compare_after_join(now, effects);
  EXPECT_EQ(effects.calls.size(), static_cast<std::size_t>(kComparesAfterJoin));
}

}  // namespace
}  // namespace p2p::classic
