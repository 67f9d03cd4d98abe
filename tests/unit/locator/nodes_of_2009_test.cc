// Nodes of the 2009 system as members of the classic membership core: how they are recognised, called in their own
// form, notified last, and accepted again after a restart.
#include "nodes_of_2009_fixture.h"

#include <vector>

namespace p2p::classic {
namespace {

// --- recognising them ------------------------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, ANodeThatDoesNotKnowOurCallGetsItInItsOwnFormAfterAllOfOurs) {
  with_members({9850, 9902});
  const auto first = on_message(PassOn{alive(9903), {}});
  ASSERT_EQ(first.calls.size(), 1u);
  EXPECT_EQ(first.calls[0].to, at(9850));
  EXPECT_FALSE(first.calls[0].is_classic);
  const auto second = end(first.calls[0], CallOutcome::classic);
  ASSERT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.calls[0].to, at(9902));
  EXPECT_FALSE(second.calls[0].is_classic);
  const auto third = end(second.calls[0], CallOutcome::refused);
  ASSERT_EQ(third.calls.size(), 1u);
  EXPECT_EQ(third.calls[0].to, at(9850));
  EXPECT_TRUE(third.calls[0].is_classic);
  EXPECT_EQ(third.calls[0].message, Message(PassOn{alive(9903), names({9900, 9902, 9903})}));
  EXPECT_TRUE(end(third.calls[0], CallOutcome::answered).calls.empty());
}

TEST_F(NodesOf2009Test, ANodeThatDoesNotKnowAComparisonIsSurveyedAtOnce) {
  with_members({9850});
  const auto asked = wake();
  ASSERT_EQ(asked.calls.size(), 1u);
  EXPECT_EQ(asked.calls[0].message, Message(Compare{{core.view().fingerprint, {}}}));
  EXPECT_FALSE(asked.calls[0].is_classic);
  const auto again = end(asked.calls[0], CallOutcome::classic);
  ASSERT_EQ(again.calls.size(), 1u);
  EXPECT_EQ(again.calls[0].to, at(9850));
  EXPECT_EQ(again.calls[0].message, Message(Survey{}));
  EXPECT_TRUE(again.calls[0].is_classic);
}

TEST_F(NodesOf2009Test, ARecognisedOldNodeIsOnlySurveyed) {
  with_members({9850});
  end(end(wake().calls.at(0), CallOutcome::classic).calls.at(0), list({9850, 9900}));
  for (int interval = 0; interval < 3; ++interval) {
    const auto asked = wake();
    ASSERT_EQ(asked.calls.size(), 1u);
    EXPECT_EQ(asked.calls[0].message, Message(Survey{}));
    EXPECT_TRUE(asked.calls[0].is_classic);
    EXPECT_TRUE(is_nothing(end(asked.calls[0], list({9850, 9900}))));
  }
}

TEST_F(NodesOf2009Test, AnAnswerInTheOldFormIsNoFailedConnect) {
  with_members({9850});
  for (int attempt = 0; attempt < 2; ++attempt) {
    fail_connect(9850);
    now += milliseconds(250);
  }
  const auto asked = on_message(PassOn{alive(9903), {}});
  end(asked.calls.at(0), CallOutcome::classic);
  now += milliseconds(250);
  EXPECT_TRUE(fail_connect(9850).changes.empty());
}

TEST_F(NodesOf2009Test, ARemovedNodeThatIsOnItsOwnRingIsAMemberAgain) {
  with_members({9850});
  on_message(PassOn{removed(9850), {}});
  const auto asked = question_to_removed();
  const auto again = end(asked, CallOutcome::classic);
  ASSERT_EQ(again.calls.size(), 1u);
  EXPECT_EQ(again.calls[0].message, Message(Survey{}));
  EXPECT_EQ(end(again.calls[0], list({9850, 9900})).changes, std::vector<MembershipChange>{joined(9850)});
}

TEST_F(NodesOf2009Test, ARemovedNodeThatIsOffItsOwnRingStaysRemoved) {
  with_members({9850});
  on_message(PassOn{removed(9850), {}});
  const auto again = end(question_to_removed(), CallOutcome::classic);
  EXPECT_TRUE(is_nothing(end(again.calls.at(0), list({9851})))) << "it is leaving";
}

TEST_F(NodesOf2009Test, ARemovedNodeThatDoesNotEvenKnowASurveyIsNotAskedAgain) {
  with_members({9850});
  on_message(PassOn{removed(9850), {}});
  const auto again = end(question_to_removed(), CallOutcome::classic);
  EXPECT_TRUE(is_nothing(end(again.calls.at(0), CallOutcome::rejected)));
}

TEST_F(NodesOf2009Test, AnOldNodeIsAskedAgainAfterAWhileWhetherItStillIsOne) {
  with_old_nodes({9850});
  const TimePoint found_out = now;
  bool is_asked = false;
  while (!is_asked) {
    const auto asked = wake();
    for (const auto& call : asked.calls) {
      is_asked = is_asked || !call.is_classic;
      end(call, list({9850, 9900}));
    }
    ASSERT_LE(now, found_out + kClassicMemory + seconds(2));
  }
  EXPECT_GE(now, found_out + kClassicMemory);
}

TEST_F(NodesOf2009Test, ANodeOfOursThatJoinsAtAnOldNodesAddressIsCalledInOurForm) {
  with_old_nodes({9850});
  on_message(PassOn{row_of_old(9850, MemberState::removed), {}});
  on_message(Join{alive(9850, 1'000'000)});
  const auto effects = on_message(PassOn{alive(9903), {}});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9850));
  EXPECT_FALSE(effects.calls[0].is_classic);
  EXPECT_EQ(survey(9850).message, Message(Compare{{core.view().fingerprint, {}}}));
}

// --- chains ----------------------------------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, AChainGoesToNodesOfOursFirstAndToOldOnesLast) {
  with_members({9901, 9902});
  with_old_nodes({9850, 9851});
  EXPECT_EQ(targets(on_message(PassOn{alive(9903), {}})), (std::vector<int>{9901, 9902, 9850, 9851}));
  EXPECT_EQ(targets(on_message(PassOn{removed(9903), {}})), (std::vector<int>{9901, 9902, 9850, 9851}));
}

TEST_F(NodesOf2009Test, AChainThatANodeOfOursHasTakenIsNotStartedAmongOldOnesToo) {
  with_members({9901});
  with_old_nodes({9850});
  const auto effects = on_message(PassOn{alive(9903), {}});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_TRUE(end(effects.calls[0], CallOutcome::answered).calls.empty());
}

TEST_F(NodesOf2009Test, TheLastNodeOfOursInAChainStartsItAmongOldOnes) {
  with_members({9901});
  with_old_nodes({9850, 9851});
  const auto effects = on_message(PassOn{alive(9903), names({9901})});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9850));
  EXPECT_TRUE(effects.calls[0].is_classic);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9903), names({9901, 9900, 9903})}));
}

TEST_F(NodesOf2009Test, AnOldNodeIsPassedOverWhenItIsAVisitedNode) {
  with_old_nodes({9850, 9851});
  EXPECT_EQ(targets(on_message(PassOn{alive(9903), names({9850})})), std::vector<int>{9851});
}

TEST_F(NodesOf2009Test, AChainOfTheirsGoesOnAmongNodesOfOurs) {
  with_members({9901});
  with_old_nodes({9850, 9851});
  Effects effects;
  core.classic_add(at(9852), names({9850}), now, effects);
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9852)});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9901));
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{row_of_old(9852), names({9850, 9900})}));
  EXPECT_EQ(targets(effects), (std::vector<int>{9901, 9851})) << "and the joined node gets no call about itself";
}

// --- leaving ---------------------------------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, AWithdrawalIsSentToOldNodesWhenThereIsNoneOfOurs) {
  with_old_nodes({9850, 9851});
  const auto first = withdraw();
  EXPECT_FALSE(first.farewell_done);
  ASSERT_EQ(first.calls.size(), 1u);
  EXPECT_EQ(first.calls[0].to, at(9850));
  EXPECT_TRUE(first.calls[0].is_classic);
  EXPECT_EQ(first.calls[0].message, Message(PassOn{leaving(9900), names({9900})}));
  const auto second = end(first.calls[0], CallOutcome::refused);
  ASSERT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.calls[0].to, at(9851));
  EXPECT_TRUE(end(second.calls[0], CallOutcome::answered).farewell_done);
}

TEST_F(NodesOf2009Test, AWithdrawalIsSentAgainToANodeThatTurnsOutToBeOld) {
  with_members({9850});
  const auto first = withdraw();
  const auto second = end(first.calls.at(0), CallOutcome::classic);
  EXPECT_FALSE(second.farewell_done);
  ASSERT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.calls[0].to, at(9850));
  EXPECT_TRUE(second.calls[0].is_classic);
  EXPECT_TRUE(end(second.calls[0], CallOutcome::answered).farewell_done);
}

TEST_F(NodesOf2009Test, AWithdrawalIsSentToAnOldNodeHoweverManyRefuseBefore) {
  with_old_nodes({9850, 9851, 9852, 9853, 9854});
  auto effects = withdraw();
  for (int refusals = 0; refusals < 4; ++refusals) effects = end(effects.calls.at(0), CallOutcome::refused);
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9854));
  EXPECT_TRUE(end(effects.calls[0], CallOutcome::answered).farewell_done);
}

TEST_F(NodesOf2009Test, AWithdrawalIsSentToAnOldNodeWhenManyOfOursAreDead) {
  with_members({9901, 9902, 9903, 9904});
  with_old_nodes({9850});
  for (const CallOutcome outcome : {CallOutcome::refused, CallOutcome::silent}) {
    SCOPED_TRACE(outcome == CallOutcome::silent);
    ClassicMembership leaver{alive(9900), {}};
    Effects effects;
    leaver.merge(core.view().members, now, effects);
    leaver.classic_join(at(9850), {at(9850)}, now, effects);
    effects = {};
    leaver.withdraw(now, effects);
    while (effects.calls.size() == 1 && !effects.calls[0].is_classic) {
      const auto failed = effects.calls[0];
      effects = {};
      leaver.call_ended(failed.id, {outcome, {}}, now, effects);
      std::erase_if(effects.calls, [](const auto& call) { return !std::holds_alternative<PassOn>(call.message); });
    }
    ASSERT_EQ(effects.calls.size(), 1u);
    EXPECT_EQ(effects.calls[0].to, at(9850));
  }
}

TEST_F(NodesOf2009Test, AWithdrawalIsSentHoweverManyNodesTurnOutToBeOld) {
  with_members({9850, 9851, 9852, 9853});
  auto effects = withdraw();
  for (int found = 0; found < 4; ++found) effects = end(effects.calls.at(0), CallOutcome::classic);
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_TRUE(effects.calls[0].is_classic);
  EXPECT_TRUE(end(effects.calls[0], CallOutcome::answered).farewell_done);
}

TEST_F(NodesOf2009Test, AWithdrawalIsGivenUpWhenManyOldNodesAreSilent) {
  with_old_nodes({9850, 9851, 9852, 9853, 9854});
  auto effects = withdraw();
  for (int attempt = 0; attempt < kLeaveAttemptsMax; ++attempt) {
    EXPECT_FALSE(effects.farewell_done);
    effects = end(effects.calls.at(0), CallOutcome::silent);
  }
  EXPECT_TRUE(effects.farewell_done);
}

TEST_F(NodesOf2009Test, TheSecondFarewellIsNotSentToOldNodes) {
  with_old_nodes({9850, 9851});
  end(withdraw().calls.at(0), CallOutcome::answered);
  const auto effects = leave();
  EXPECT_TRUE(effects.calls.empty()) << "they took it off their rings after the first farewell";
  EXPECT_TRUE(effects.farewell_done);
}

TEST_F(NodesOf2009Test, TheSecondFarewellEndsWithNodesOfOursEvenWhenTheyFail) {
  with_members({9901});
  with_old_nodes({9850});
  end(withdraw().calls.at(0), CallOutcome::answered);
  const auto first = leave();
  ASSERT_EQ(first.calls.size(), 1u);
  EXPECT_EQ(first.calls[0].to, at(9901));
  const auto after = end(first.calls[0], CallOutcome::refused);
  EXPECT_TRUE(after.calls.empty());
  EXPECT_TRUE(after.farewell_done);
}

TEST_F(NodesOf2009Test, TheLeaveOfANodeOfOursIsPassedOnToOldNodes) {
  with_members({9901});
  with_old_nodes({9850});
  const auto effects = on_message(PassOn{leaving(9901), names({9901})});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9850));
  EXPECT_TRUE(effects.calls[0].is_classic);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{leaving(9901), names({9901, 9900})}));
}

TEST_F(NodesOf2009Test, TheEchoOfALeaveFromOldNodesChangesNothing) {
  with_members({9901});
  with_old_nodes({9850});
  on_message(PassOn{leaving(9901), names({9901})});
  Effects echo;
  core.classic_remove(at(9901), names({9901, 9900, 9850}), now, echo);
  EXPECT_TRUE(is_nothing(echo));
}

TEST_F(NodesOf2009Test, AnOldNodeThatLeavesHandsOverUntilItTakesNoConnection) {
  with_members({9901});
  with_old_nodes({9850});
  const auto told = say_leaving(9850);
  EXPECT_EQ(told.changes, (std::vector<MembershipChange>{{ChangeKind::leaving, at(9850)}}));
  ASSERT_EQ(told.calls.size(), 1u);
  EXPECT_EQ(told.calls[0].message, Message(PassOn{row_of_old(9850, MemberState::leaving), names({9850, 9900})}));
  EXPECT_EQ(core.members(), (std::vector<NodeAddress>{at(9900), at(9901)}));
  for (int question = 0; question < 100; ++question) {
    EXPECT_TRUE(end(survey(9850), CallOutcome::silent).changes.empty()) << "it serves nobody meanwhile";
  }
  EXPECT_TRUE(end(survey(9850), CallOutcome::stranger).changes.empty()) << "its end breaks the waiting connections";
  EXPECT_TRUE(end(survey(9850), CallOutcome::refused).changes.empty());
  EXPECT_TRUE(end(survey(9850), CallOutcome::refused).changes.empty());
  const auto ended = end(survey(9850), CallOutcome::refused);
  EXPECT_EQ(ended.changes, (std::vector<MembershipChange>{{ChangeKind::gone, at(9850), Departure::own_word}}));
}

TEST_F(NodesOf2009Test, AnOldNodeThatLeavesAndNeverEndsIsGivenUpInTheEnd) {
  with_old_nodes({9850});
  say_leaving(9850);
  const TimePoint begin = now;
  std::vector<MembershipChange> changes;
  while (changes.empty() && now < begin + 2 * kClassicLeaveMax) {
    const auto woken = wake();
    changes = woken.changes;
    for (const auto& call : woken.calls) end(call, CallOutcome::silent);
  }
  EXPECT_EQ(changes, (std::vector<MembershipChange>{{ChangeKind::gone, at(9850), Departure::overdue}}));
  EXPECT_GT(now, begin + kClassicLeaveMax);
}

TEST_F(NodesOf2009Test, TheSilenceOfANodeThatAnnouncedItsLeaveNeedsNoWitness) {
  with_old_nodes({9850});
  say_leaving(9850);
  std::vector<MembershipChange> changes;
  for (int question = 0; question < 100 && changes.empty(); ++question) {
    changes = end(survey(9850), CallOutcome::unheard).changes;
  }
  EXPECT_EQ(changes, (std::vector<MembershipChange>{{ChangeKind::gone, at(9850), Departure::silent}}));
}

TEST_F(NodesOf2009Test, AnOldNodeThatLeavesIsAskedAtOnceAndOften) {
  with_old_nodes({9850});
  say_leaving(9850);
  const TimePoint begin = now;
  for (int question = 0; question < 3; ++question) end(survey(9850), CallOutcome::silent);
  EXPECT_LT(now, begin + seconds(1));
}

TEST_F(NodesOf2009Test, AnOldNodeThatLeftAndAnswersOnItsOwnRingIsAMemberAgain) {
  with_old_nodes({9850});
  const auto before = survey(9850);
  say_leaving(9850);
  EXPECT_TRUE(end(before, list({9850, 9900})).changes.empty()) << "it may have answered before it left";
  EXPECT_TRUE(end(survey(9850), list({9900})).changes.empty()) << "it is leaving";
  EXPECT_EQ(end(survey(9850), list({9850, 9900})).changes, std::vector<MembershipChange>{joined(9850)});
  EXPECT_TRUE(has_row(alive(9850, kUnknownLife + 1)));
}

TEST_F(NodesOf2009Test, AnOldNodeThatLeftAndAsksToJoinIsAMemberAgain) {
  with_old_nodes({9850, 9851});
  say_leaving(9850);
  Effects echo;
  core.classic_add(at(9850), names({9851}), now, echo);
  EXPECT_TRUE(is_nothing(echo)) << "what others say about it may be outdated";
  Effects effects;
  core.classic_add(at(9850), {}, now, effects);
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9850)});
}

TEST_F(NodesOf2009Test, AnOldNodeThatOthersHaveGivenUpIsGoneAtOnce) {
  with_old_nodes({9850, 9851});
  Effects effects;
  core.classic_remove(at(9850), names({9851}), now, effects);
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::left, at(9850), Departure::hearsay}}));
}

// --- reachability, and restarts --------------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, RefusedConnectsRemoveAnOldNodeAfterTheUsualAttempts) {
  with_members({9901});
  with_old_nodes({9850});
  EXPECT_TRUE(end(survey(9850), CallOutcome::refused).changes.empty());
  const TimePoint first = now;
  for (int probes = 0; probes < 2; ++probes) {
    const auto effects = end(survey(9850), CallOutcome::refused);
    EXPECT_EQ(effects.changes.empty(), probes == 0);
    if (probes == 0) continue;
    EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{{ChangeKind::left, at(9850), Departure::refused}}));
    ASSERT_EQ(effects.calls.size(), 1u);
    EXPECT_EQ(effects.calls[0].message, Message(PassOn{row_of_old(9850, MemberState::removed), names({9900})}));
  }
  EXPECT_LE(now, first + seconds(1));
}

TEST_F(NodesOf2009Test, AnOldNodeThatWasGivenUpAndStartsAgainIsAMemberInANewLife) {
  with_members({9901});
  with_old_nodes({9850});
  for (int attempt = 0; attempt < 3; ++attempt) {
    fail_connect(9850);
    now += milliseconds(300);
  }
  ASSERT_EQ(core.members().size(), 2u);
  Effects effects;
  core.classic_add(at(9850), {}, now, effects);
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9850)});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9850, kUnknownLife + 1), names({9900})}));
}

TEST_F(NodesOf2009Test, ANewLifeOfAnOldNodeIsNoRestartIfItsEndWasNotNoticed) {
  with_old_nodes({9850});
  Effects effects;
  core.merge({alive(9850, kUnknownLife + 1)}, now, effects);
  EXPECT_TRUE(effects.changes.empty());
  EXPECT_TRUE(has_row(alive(9850, kUnknownLife + 1)));
}

TEST_F(NodesOf2009Test, AnOldNodeThatStartsAgainBeforeAnybodyNoticedChangesNothing) {
  with_members({9901});
  with_old_nodes({9850});
  Effects effects;
  core.classic_add(at(9850), {}, now, effects);
  EXPECT_TRUE(effects.changes.empty());
  EXPECT_TRUE(has_row(row_of_old(9850)));
}

}  // namespace
}  // namespace p2p::classic
