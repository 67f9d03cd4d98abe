// How a node leaves, by the rules of the classic membership core: first off the rings, then, when it has handed over
// what it holds, out of the tables. Seen by the one that leaves and by the others.
#include "membership_fixture.h"

#include <set>
#include <string>
#include <vector>

namespace p2p::classic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LeavingTest : public ClassicMembershipTest {
 protected:
  // The farewell under way is answered by whoever gets it.
  void be_heard(const Effects& farewell) {
    ASSERT_EQ(farewell.calls.size(), 1u);
    EXPECT_TRUE(end(farewell.calls[0], CallOutcome::answered).farewell_done);
  }
  void withdraw_and_be_heard() { be_heard(withdraw()); }
};

// --- the one that leaves ---------------------------------------------------------------------------------------------

TEST_F(LeavingTest, WithdrawingTellsTheFirstReachableMemberAndIsToldWhenThatAnswers) {
  with_members({9901, 9902});
  const auto first = withdraw();
  EXPECT_TRUE(first.table_changed);
  EXPECT_TRUE(first.changes.empty()) << "a ring change is never about this node";
  EXPECT_FALSE(first.farewell_done);
  ASSERT_EQ(first.calls.size(), 1u);
  EXPECT_EQ(first.calls[0].to, at(9901));
  EXPECT_EQ(first.calls[0].message, Message(PassOn{leaving(9900), names({9900})}));
  const auto second = end(first.calls[0], CallOutcome::refused);
  EXPECT_FALSE(second.farewell_done);
  ASSERT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.calls[0].to, at(9902));
  EXPECT_EQ(second.calls[0].message, Message(PassOn{leaving(9900), names({9900, 9901})}));
  EXPECT_TRUE(end(second.calls[0], CallOutcome::answered).farewell_done);
}

TEST_F(LeavingTest, AWithdrawnNodeIsNoMemberButStillInItsOwnTable) {
  with_members({9901});
  withdraw_and_be_heard();
  EXPECT_EQ(core.members(), std::vector<NodeAddress>{at(9901)});
  EXPECT_EQ(core.self(), leaving(9900));
  EXPECT_TRUE(has_row(leaving(9900)));
}

TEST_F(LeavingTest, LeavingAfterWithdrawingTellsTheFirstReachableMemberAgain) {
  with_members({9901, 9902});
  withdraw_and_be_heard();
  const auto effects = leave();
  EXPECT_TRUE(effects.table_changed);
  EXPECT_FALSE(effects.farewell_done);
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9901));
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{removed(9900), names({9900})}));
  be_heard(effects);
  EXPECT_TRUE(has_row(removed(9900)));
}

TEST_F(LeavingTest, WhoLeavesIsNotLetIn) {
  with_members({9901});
  Effects effects;
  const auto answer = core.handle(Join{leaving(9902)}, now, effects);
  EXPECT_FALSE(answer.ok());
  EXPECT_TRUE(is_nothing(effects));
}

TEST_F(LeavingTest, LeavingWithoutWithdrawingFirstIsTold) {
  with_members({9901});
  const auto effects = leave();
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{removed(9900), names({9900})}));
  be_heard(effects);
}

TEST_F(LeavingTest, EachFarewellIsSaidOnce) {
  with_members({9901});
  withdraw_and_be_heard();
  EXPECT_TRUE(is_nothing(withdraw()));
  be_heard(leave());
  EXPECT_TRUE(is_nothing(leave()));
  EXPECT_TRUE(is_nothing(withdraw()));
}

TEST_F(LeavingTest, TheLastNodeIsDoneWithBothFarewellsAtOnce) {
  EXPECT_TRUE(withdraw().farewell_done);
  EXPECT_TRUE(leave().farewell_done);
}

TEST_F(LeavingTest, EachFarewellIsGivenUpAfterItsLimitOfAttempts) {
  with_members({9901, 9902, 9903, 9904, 9905, 9906, 9907});
  for (const bool is_last : {false, true}) {
    SCOPED_TRACE(is_last);
    Effects effects = is_last ? leave() : withdraw();
    int attempts = 0;
    while (!effects.farewell_done) {
      ASSERT_EQ(effects.calls.size(), 1u);
      ++attempts;
      effects = end(effects.calls[0], CallOutcome::silent);
    }
    EXPECT_TRUE(effects.calls.empty());
    EXPECT_EQ(attempts, kLeaveAttemptsMax);
  }
}

TEST_F(LeavingTest, NoFarewellIsToldByTheEndOfAnotherChain) {
  with_members({9901, 9902});
  const auto news = on_message(PassOn{alive(9903), {}});
  ASSERT_EQ(news.calls.size(), 1u);
  const auto farewell = withdraw();
  EXPECT_FALSE(end(news.calls[0], CallOutcome::answered).farewell_done);
  be_heard(farewell);
}

TEST_F(LeavingTest, AWithdrawnNodeAnswersWithItsTable) {
  with_members({9901});
  withdraw_and_be_heard();
  Effects effects;
  const auto reply = core.handle(Compare{{123, {}}}, now, effects);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.value().members, (std::vector<Member>{leaving(9900), alive(9901)}));
  const auto joiner = core.handle(Join{alive(9905)}, now, effects);
  ASSERT_TRUE(joiner.ok());
  EXPECT_EQ(joiner.value().members, (std::vector<Member>{leaving(9900), alive(9901), alive(9905)}));
}

TEST_F(LeavingTest, AWithdrawnNodePassesNewsOn) {
  with_members({9901, 9902});
  withdraw_and_be_heard();
  const auto effects = on_message(PassOn{alive(9903), names({9901})});
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9903)});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9902));
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9903), names({9901, 9900})}));
}

TEST_F(LeavingTest, AWithdrawnNodeGoesOnComparingAndOneThatHasLeftDoesNot) {
  with_members({9901});
  withdraw_and_be_heard();
  EXPECT_LE(core.next_wakeup(), now + seconds(1));
  const auto asked = wake();
  ASSERT_EQ(asked.calls.size(), 1u);
  EXPECT_EQ(asked.calls[0].message, Message(Compare{{core.view().fingerprint, {}}}));
  be_heard(leave());
  EXPECT_EQ(core.next_wakeup(), TimePoint::max());
  now += seconds(10);
  Effects effects;
  core.tick(now, effects);
  EXPECT_TRUE(is_nothing(effects));
}

TEST_F(LeavingTest, AWithdrawnNodeGivesUpWhomItCannotReach) {
  with_members({9901, 9902});
  withdraw_and_be_heard();
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_TRUE(fail_connect(9902).changes.empty());
    now += milliseconds(300);
  }
  EXPECT_EQ(fail_connect(9902).changes,
            (std::vector<MembershipChange>{{ChangeKind::left, at(9902), Departure::refused}}));
}

TEST_F(LeavingTest, ANodeThatLeavesRefutesItsRemovalUntilItHasLeft) {
  with_members({9901});
  withdraw_and_be_heard();
  const auto effects = on_message(PassOn{removed(9900), {}});
  EXPECT_TRUE(effects.refuted) << "what it still holds would be given up for lost";
  EXPECT_EQ(core.self().state, MemberState::leaving);
  EXPECT_GT(core.self().incarnation, leaving(9900).incarnation);
  be_heard(leave());
  EXPECT_FALSE(on_message(PassOn{removed(9900), {}}).refuted);
}

TEST_F(LeavingTest, AFarewellThatIsRefutedWhileItIsSaidIsToldAllTheSame) {
  with_members({9901, 9902});
  const auto farewell = withdraw();
  const auto refuted = on_message(PassOn{removed(9900), names({9901})});
  ASSERT_EQ(farewell.calls.size(), 1u);
  ASSERT_EQ(refuted.calls.size(), 1u);
  EXPECT_EQ(refuted.calls[0].message, Message(PassOn{leaving(9900, 2), names({9900})}));
  EXPECT_TRUE(end(farewell.calls[0], CallOutcome::answered).farewell_done);
  EXPECT_FALSE(end(refuted.calls[0], CallOutcome::answered).farewell_done) << "once";
}

TEST_F(LeavingTest, AWithdrawnNodeThatIsBelievedAliveInALaterLifeSaysThatItLeaves) {
  with_members({9901});
  withdraw_and_be_heard();
  EXPECT_TRUE(on_message(PassOn{alive(9900, 5), {}}).refuted);
  EXPECT_EQ(core.self(), leaving(9900, 6));
  EXPECT_EQ(core.members(), std::vector<NodeAddress>{at(9901)});
}

TEST_F(LeavingTest, AClassicRemoveDoesNotMakeALeavingNodeRefute) {
  with_members({9901});
  withdraw_and_be_heard();
  Effects effects;
  core.classic_remove(at(9900), names({9901}), now, effects);
  EXPECT_TRUE(is_nothing(effects));
  EXPECT_EQ(core.self(), leaving(9900));
}

TEST_F(LeavingTest, ANodeThatSomebodyCallsLeavingThoughItDoesNotLeaveRefutes) {
  with_members({9901});
  const auto effects = on_message(PassOn{leaving(9900), {}});
  EXPECT_TRUE(effects.refuted);
  EXPECT_EQ(core.self(), alive(9900, 2));
  EXPECT_EQ(core.members().size(), 2u);
}

// --- the others ------------------------------------------------------------------------------------------------------

TEST_F(LeavingTest, OthersTakeAWithdrawnNodeOffTheRingAndPassThatOn) {
  with_members({9901, 9902});
  const auto effects = on_message(PassOn{leaving(9902), names({9902})});
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::leaving, at(9902)}}));
  EXPECT_EQ(core.members(), (std::vector<NodeAddress>{at(9900), at(9901)}));
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9901));
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{leaving(9902), names({9902, 9900})}));
  const auto again = on_message(PassOn{leaving(9902), {}});
  EXPECT_TRUE(again.changes.empty());
  EXPECT_TRUE(again.calls.empty());
}

TEST_F(LeavingTest, OthersGoOnComparingWithALeavingNode) {
  with_members({9901});
  on_message(PassOn{leaving(9901), {}});
  for (int interval = 0; interval < 3; ++interval) {
    const auto asked = wake();
    ASSERT_EQ(asked.calls.size(), 1u);
    EXPECT_EQ(asked.calls[0].to, at(9901));
    end(asked.calls[0], {CallOutcome::answered, {core.view().fingerprint, {}}});
  }
}

TEST_F(LeavingTest, ALeavingNodeIsStillToldTheNews) {
  with_members({9901, 9902});
  on_message(PassOn{leaving(9901), names({9902})});
  const auto effects = on_message(PassOn{alive(9903), names({9902})});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9901));
}

TEST_F(LeavingTest, AComparisonCarriesTheRowOfALeavingNode) {
  with_members({9901, 9902});
  const auto before = core.view().fingerprint;
  Effects effects;
  core.merge({leaving(9902)}, now, effects);
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::leaving, at(9902)}}));
  EXPECT_NE(core.view().fingerprint, before);
  EXPECT_TRUE(has_row(leaving(9902)));
}

TEST_F(LeavingTest, WhenALeavingNodeHasEndedItIsGone) {
  with_members({9901, 9902});
  on_message(PassOn{leaving(9902), {}});
  const auto effects = on_message(PassOn{removed(9902), names({9902})});
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::gone, at(9902)}}));
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{removed(9902), names({9902, 9900})}));
}

TEST_F(LeavingTest, FailedConnectsToALeavingNodeEndInGone) {
  with_members({9901, 9902});
  on_message(PassOn{leaving(9902), {}});
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_TRUE(fail_connect(9902).changes.empty());
    now += milliseconds(300);
  }
  const auto effects = fail_connect(9902);
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::gone, at(9902), Departure::refused}}));
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{removed(9902), names({9900})}));
}

TEST_F(LeavingTest, ALeavingNodeThatCrashesIsFoundOutByComparing) {
  with_members({9901});
  on_message(PassOn{leaving(9901), {}});
  std::vector<MembershipChange> changes;
  const TimePoint until = now + seconds(3);
  while (changes.empty() && now < until) {
    for (const auto& call : wake().calls) {
      const auto after = end(call, CallOutcome::refused);
      changes.insert(changes.end(), after.changes.begin(), after.changes.end());
    }
  }
  EXPECT_EQ(changes, (std::vector<MembershipChange>{{ChangeKind::gone, at(9901), Departure::refused}}));
}

TEST_F(LeavingTest, AClassicRemoveOfALeavingNodeIsIgnored) {
  with_members({9901, 9902});
  on_message(PassOn{leaving(9902), {}});
  Effects effects;
  core.classic_remove(at(9902), names({9950}), now, effects);
  EXPECT_TRUE(is_nothing(effects));
  EXPECT_TRUE(has_row(leaving(9902)));
}

TEST_F(LeavingTest, AClassicAddOfALeavingNodeIsAnEchoAndIgnored) {
  with_members({9901, 9902});
  on_message(PassOn{leaving(9902), {}});
  Effects effects;
  core.classic_add(at(9902), names({9850}), now, effects);
  EXPECT_TRUE(is_nothing(effects));
  EXPECT_TRUE(has_row(leaving(9902)));
}

TEST_F(LeavingTest, ThatANodeLeavesInALifeThatIsNotCredibleTakesItOffNoRing) {
  with_members({9901});
  EXPECT_TRUE(on_message(PassOn{leaving(9901, kRemovedIncarnationMax + 1), {}}).changes.empty());
  EXPECT_EQ(core.members().size(), 2u);
  EXPECT_FALSE(on_message(PassOn{leaving(9901, kRemovedIncarnationMax), {}}).changes.empty());
}

TEST_F(LeavingTest, AStaleTableDoesNotBringALeavingNodeBack) {
  with_members({9901, 9902});
  on_message(PassOn{leaving(9902), {}});
  Effects effects;
  core.merge({alive(9902)}, now, effects);
  EXPECT_TRUE(is_nothing(effects));
  EXPECT_EQ(core.members().size(), 2u);
}

TEST_F(LeavingTest, ARestartOfALeavingNodeIsAJoin) {
  with_members({9901, 9902});
  on_message(PassOn{leaving(9902), {}});
  EXPECT_EQ(on_message(Join{alive(9902, 2)}).changes, std::vector<MembershipChange>{joined(9902)});
  EXPECT_EQ(core.members().size(), 3u);
}

TEST_F(LeavingTest, NewsOfALeavingNodeThatWasNeverAMemberHereIsKept) {
  with_members({9901});
  const auto effects = on_message(PassOn{leaving(9902), {}});
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::leaving, at(9902)}}));
  EXPECT_EQ(core.members().size(), 2u);
  EXPECT_TRUE(has_row(leaving(9902)));
}

TEST_F(LeavingTest, AfterAJoinLeavingNodesAreComparedWithToo) {
  with_members({9901, 9902});
  on_message(PassOn{leaving(9902), names({9901})});
  Effects effects;
  core.compare_after_join(now, effects);
  std::set<std::string> asked;
  for (const auto& call : effects.calls) asked.insert(call.to.name());
  EXPECT_EQ(asked, (std::set<std::string>{name(9901), name(9902)}));
}

}  // namespace
}  // namespace p2p::classic
