// Nodes of the 2009 system as members, by the rules of the classic membership core: they are found out, spoken to in
// their own form, told last, surveyed instead of compared with, and mended from both sides.
#include "membership_fixture.h"

#include <string>
#include <vector>

namespace p2p::membership {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// In this test old nodes have ports below 9900, so that their names sort before those of ours.
Member heard_of(int port, MemberState state = MemberState::alive) { return {at(port), kUnknownLife, state}; }

class NodesOf2009Test : public ClassicMembershipTest {
 protected:
  // Members that are known to be old nodes.
  void with_old_nodes(const std::vector<int>& ports) {
    for (const int port : ports) {
      Effects effects;
      core.classic_join(at(port), {}, now, effects);
    }
  }

  // Waits until `port` is surveyed; other calls meanwhile are not answered.
  OutgoingCall survey(int port) {
    for (int interval = 0; interval < 20; ++interval) {
      const auto asked = wake();
      const auto found =
          std::find_if(asked.calls.begin(), asked.calls.end(), [&](const auto& call) { return call.to == at(port); });
      for (const auto& call : asked.calls) {
        if (call.to != at(port)) end(call, Outcome::silent);
      }
      if (found != asked.calls.end()) return *found;
    }
    ADD_FAILURE() << "nobody surveys " << port;
    return {};
  }
  static CallResult list(const std::vector<int>& ports) {
    CallResult result{Outcome::answered, {}};
    for (const int port : ports) result.view.members.push_back(heard_of(port));
    return result;
  }
  Effects survey_answered(int port, const std::vector<int>& ports) { return end(survey(port), list(ports)); }

  // Every target of a chain, each of which fails.
  std::vector<int> targets(Effects effects) {
    std::vector<int> ports;
    while (!effects.calls.empty()) {
      EXPECT_EQ(effects.calls.size(), 1u);
      ports.push_back(effects.calls[0].to.port);
      EXPECT_EQ(effects.calls[0].is_classic, effects.calls[0].to.port < 9900);
      effects = end(effects.calls[0], Outcome::silent);
    }
    return ports;
  }
};

// --- found out -------------------------------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, ANodeThatDoesNotKnowAChainIsToldAgainInItsOwnFormAfterThoseOfOurs) {
  with_members({9850, 9902});
  const auto first = hear(PassOn{alive(9903), {}});
  ASSERT_EQ(first.calls.size(), 1u);
  EXPECT_EQ(first.calls[0].to, at(9850));
  EXPECT_FALSE(first.calls[0].is_classic);
  const auto second = end(first.calls[0], Outcome::classic);
  ASSERT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.calls[0].to, at(9902));
  EXPECT_FALSE(second.calls[0].is_classic);
  const auto third = end(second.calls[0], Outcome::refused);
  ASSERT_EQ(third.calls.size(), 1u);
  EXPECT_EQ(third.calls[0].to, at(9850));
  EXPECT_TRUE(third.calls[0].is_classic);
  EXPECT_EQ(third.calls[0].message, Message(PassOn{alive(9903), names({9900, 9902})}));
  EXPECT_TRUE(end(third.calls[0], Outcome::answered).calls.empty());
}

TEST_F(NodesOf2009Test, ANodeThatDoesNotKnowAComparisonIsSurveyedAtOnce) {
  with_members({9850});
  const auto asked = wake();
  ASSERT_EQ(asked.calls.size(), 1u);
  EXPECT_EQ(asked.calls[0].message, Message(Compare{{core.view().fingerprint, {}}}));
  EXPECT_FALSE(asked.calls[0].is_classic);
  const auto again = end(asked.calls[0], Outcome::classic);
  ASSERT_EQ(again.calls.size(), 1u);
  EXPECT_EQ(again.calls[0].to, at(9850));
  EXPECT_EQ(again.calls[0].message, Message(Survey{}));
  EXPECT_TRUE(again.calls[0].is_classic);
}

TEST_F(NodesOf2009Test, OnceFoundOutANodeIsOnlySurveyed) {
  with_members({9850});
  end(end(wake().calls.at(0), Outcome::classic).calls.at(0), list({9850, 9900}));
  for (int interval = 0; interval < 3; ++interval) {
    const auto asked = wake();
    ASSERT_EQ(asked.calls.size(), 1u);
    EXPECT_EQ(asked.calls[0].message, Message(Survey{}));
    EXPECT_TRUE(asked.calls[0].is_classic);
    EXPECT_TRUE(is_nothing(end(asked.calls[0], list({9850, 9900}))));
  }
}

TEST_F(NodesOf2009Test, ToBeOfThe2009SystemIsNoFailedConnect) {
  with_members({9850});
  for (int attempt = 0; attempt < 2; ++attempt) {
    fail_connect(9850);
    now += milliseconds(100);
  }
  const auto asked = hear(PassOn{alive(9903), {}});
  end(asked.calls.at(0), Outcome::classic);
  now += milliseconds(100);
  EXPECT_TRUE(fail_connect(9850).changes.empty());
}

TEST_F(NodesOf2009Test, ARemovedNodeThatIsOfThe2009SystemIsNotAskedWhetherItIsBack) {
  with_members({9850});
  hear(PassOn{removed(9850), {}});
  std::vector<OutgoingCall> calls;
  for (int interval = 0; interval < kComparesPerRemovedNode; ++interval) {
    const auto asked = wake();
    calls.insert(calls.end(), asked.calls.begin(), asked.calls.end());
  }
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_TRUE(is_nothing(end(calls[0], Outcome::classic)));
  const TimePoint known_until = now + kClassicMemory;
  while (now + seconds(1) < known_until) EXPECT_TRUE(wake().calls.empty());
}

TEST_F(NodesOf2009Test, AfterAWhileItIsAskedAgainWhetherItIsStillOne) {
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

TEST_F(NodesOf2009Test, ANodeOfOursThatJoinsOnTheAddressOfOneIsSpokenToAsOneOfOurs) {
  with_old_nodes({9850});
  hear(PassOn{heard_of(9850, MemberState::removed), {}});
  hear(Join{alive(9850, 1'000'000)});
  const auto effects = hear(PassOn{alive(9903), {}});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9850));
  EXPECT_FALSE(effects.calls[0].is_classic);
  EXPECT_EQ(survey(9850).message, Message(Compare{{core.view().fingerprint, {}}}));
}

// --- chains ----------------------------------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, AChainGoesToNodesOfOursFirstAndToOldOnesLast) {
  with_members({9901, 9902});
  with_old_nodes({9850, 9851});
  EXPECT_EQ(targets(hear(PassOn{alive(9903), {}})), (std::vector<int>{9901, 9902, 9850, 9851}));
  EXPECT_EQ(targets(hear(PassOn{removed(9903), {}})), (std::vector<int>{9901, 9902, 9850, 9851}));
}

TEST_F(NodesOf2009Test, AChainThatANodeOfOursHasTakenIsNotStartedAmongOldOnesToo) {
  with_members({9901});
  with_old_nodes({9850});
  const auto effects = hear(PassOn{alive(9903), {}});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_TRUE(end(effects.calls[0], Outcome::answered).calls.empty());
}

TEST_F(NodesOf2009Test, TheLastNodeOfOursInAChainStartsItAmongOldOnes) {
  with_members({9901});
  with_old_nodes({9850, 9851});
  const auto effects = hear(PassOn{alive(9903), names({9901})});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9850));
  EXPECT_TRUE(effects.calls[0].is_classic);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9903), names({9901, 9900})}));
}

TEST_F(NodesOf2009Test, AnOldNodeIsPassedOverWhenItIsAnAuthority) {
  with_old_nodes({9850, 9851});
  EXPECT_EQ(targets(hear(PassOn{alive(9903), names({9850})})), std::vector<int>{9851});
}

TEST_F(NodesOf2009Test, AChainOfTheirsGoesOnAmongNodesOfOurs) {
  with_members({9901});
  with_old_nodes({9850, 9851});
  Effects effects;
  core.classic_add(at(9852), names({9850}), now, effects);
  EXPECT_EQ(effects.changes, std::vector<RingChange>{joined(9852)});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9901));
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{heard_of(9852), names({9850, 9900})}));
  EXPECT_EQ(targets(effects), (std::vector<int>{9901, 9851})) << "and it is not told about itself";
}

// --- leaving ---------------------------------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, WithdrawingIsToldToOldNodesWhenNobodyOfOursIsThere) {
  with_old_nodes({9850, 9851});
  const auto first = withdraw();
  EXPECT_FALSE(first.farewell_told);
  ASSERT_EQ(first.calls.size(), 1u);
  EXPECT_EQ(first.calls[0].to, at(9850));
  EXPECT_TRUE(first.calls[0].is_classic);
  EXPECT_EQ(first.calls[0].message, Message(PassOn{leaving(9900), names({9900})}));
  const auto second = end(first.calls[0], Outcome::refused);
  ASSERT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.calls[0].to, at(9851));
  EXPECT_TRUE(end(second.calls[0], Outcome::answered).farewell_told);
}

TEST_F(NodesOf2009Test, WithdrawingIsToldToOneThatIsFoundOutOnlyThen) {
  with_members({9850});
  const auto first = withdraw();
  const auto second = end(first.calls.at(0), Outcome::classic);
  EXPECT_FALSE(second.farewell_told);
  ASSERT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.calls[0].to, at(9850));
  EXPECT_TRUE(second.calls[0].is_classic);
  EXPECT_TRUE(end(second.calls[0], Outcome::answered).farewell_told);
}

TEST_F(NodesOf2009Test, WithdrawingIsToldToAnOldNodeHoweverManyBeforeItRefuse) {
  with_old_nodes({9850, 9851, 9852, 9853, 9854});
  auto effects = withdraw();
  for (int refusals = 0; refusals < 4; ++refusals) effects = end(effects.calls.at(0), Outcome::refused);
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9854));
  EXPECT_TRUE(end(effects.calls[0], Outcome::answered).farewell_told);
}

TEST_F(NodesOf2009Test, TheSecondFarewellIsNotSentToOldNodes) {
  with_old_nodes({9850, 9851});
  end(withdraw().calls.at(0), Outcome::answered);
  const auto effects = leave();
  EXPECT_TRUE(effects.calls.empty()) << "they took it off their rings at the first";
  EXPECT_TRUE(effects.farewell_told);
}

TEST_F(NodesOf2009Test, TheSecondFarewellEndsWithNodesOfOursEvenWhenTheyFail) {
  with_members({9901});
  with_old_nodes({9850});
  end(withdraw().calls.at(0), Outcome::answered);
  const auto first = leave();
  ASSERT_EQ(first.calls.size(), 1u);
  EXPECT_EQ(first.calls[0].to, at(9901));
  const auto after = end(first.calls[0], Outcome::refused);
  EXPECT_TRUE(after.calls.empty());
  EXPECT_TRUE(after.farewell_told);
}

TEST_F(NodesOf2009Test, ThatANodeOfOursLeavesIsPassedOnToOldNodes) {
  with_members({9901});
  with_old_nodes({9850});
  const auto effects = hear(PassOn{leaving(9901), names({9901})});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9850));
  EXPECT_TRUE(effects.calls[0].is_classic);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{leaving(9901), names({9901, 9900})}));
}

TEST_F(NodesOf2009Test, ItsEchoFromOldNodesChangesNothing) {
  with_members({9901});
  with_old_nodes({9850});
  hear(PassOn{leaving(9901), names({9901})});
  Effects echo;
  core.classic_remove(at(9901), names({9901, 9900, 9850}), now, echo);
  EXPECT_TRUE(is_nothing(echo));
}

// --- surveys ---------------------------------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, ASurveyThatShowsTheSameMembersLeadsToNothing) {
  with_members({9901});
  with_old_nodes({9850});
  EXPECT_TRUE(is_nothing(survey_answered(9850, {9850, 9900, 9901})));
}

TEST_F(NodesOf2009Test, AMemberThatOnlyASurveyShowsJoinsAndIsPassedOn) {
  with_members({9901});
  with_old_nodes({9850});
  const auto effects = survey_answered(9850, {9850, 9851, 9900, 9901});
  EXPECT_EQ(effects.changes, std::vector<RingChange>{joined(9851)});
  EXPECT_TRUE(has_row(heard_of(9851)));
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9901));
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{heard_of(9851), names({9850, 9900})}));
}

TEST_F(NodesOf2009Test, AMemberThatASurveyLacksIsAddedThereAndNowhereElse) {
  with_members({9901});
  with_old_nodes({9850, 9851});
  const auto effects = survey_answered(9850, {9850, 9851, 9900});
  EXPECT_TRUE(effects.changes.empty());
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9850));
  EXPECT_TRUE(effects.calls[0].is_classic);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9901), names({9850, 9851, 9900, 9901})}))
      << "all that are known are authorities, so that it stops there";
  EXPECT_TRUE(is_nothing(end(effects.calls[0], Outcome::silent))) << "nobody is told in its place";
}

TEST_F(NodesOf2009Test, AnOldNodeThatHasForgottenThisOneIsToldOfItAgain) {
  with_old_nodes({9850});
  const auto effects = survey_answered(9850, {9850});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9900), names({9850, 9900})}));
}

TEST_F(NodesOf2009Test, ANodeThatLeavesOrHasLeftIsRemovedWhereASurveyStillShowsIt) {
  with_members({9901, 9902});
  with_old_nodes({9850});
  hear(PassOn{leaving(9901), {}});
  hear(PassOn{removed(9902), {}});
  const auto effects = survey_answered(9850, {9850, 9900, 9901, 9902});
  EXPECT_TRUE(effects.changes.empty());
  ASSERT_EQ(effects.calls.size(), 2u);
  for (const auto& call : effects.calls) {
    EXPECT_EQ(call.to, at(9850));
    EXPECT_TRUE(call.is_classic);
  }
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{leaving(9901), names({9850, 9900, 9901})}));
  EXPECT_EQ(effects.calls[1].message, Message(PassOn{removed(9902), names({9850, 9900, 9901})}));
}

TEST_F(NodesOf2009Test, AWithdrawnNodeIsRemovedWhereItsOwnSurveyShowsIt) {
  with_old_nodes({9850});
  end(withdraw().calls.at(0), Outcome::answered);
  const auto effects = survey_answered(9850, {9850, 9900});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{leaving(9900), names({9850, 9900})}));
}

TEST_F(NodesOf2009Test, WhatCannotBeAMemberIsLeftOutOfASurvey) {
  with_old_nodes({9850});
  CallResult result = list({9850, 9900, 0});
  result.view.members.push_back({{"", 9903}, kUnknownLife, MemberState::alive});
  EXPECT_TRUE(is_nothing(end(survey(9850), result)));
}

TEST_F(NodesOf2009Test, ASurveyThatIsNotAnsweredMendsNothing) {
  with_members({9901});
  with_old_nodes({9850});
  for (const Outcome outcome : {Outcome::rejected, Outcome::silent, Outcome::broken}) {
    const auto effects = end(survey(9850), outcome);
    EXPECT_TRUE(effects.calls.empty());
    EXPECT_TRUE(effects.changes.empty());
  }
}

TEST_F(NodesOf2009Test, ASurveyOfANodeOfOursIsAnsweredWithItsTable) {
  with_members({9901});
  Effects effects;
  const auto reply = core.handle(Survey{}, now, effects);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.value(), core.view());
  EXPECT_TRUE(is_nothing(effects));
}

// --- joining through one ---------------------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, JoiningThroughOneAddsItAndWhomItKnowsWithoutPassingThemOn) {
  Effects effects;
  core.classic_join(at(9850), {at(9850), at(9851), at(9901)}, now, effects);
  EXPECT_EQ(effects.changes, (std::vector<RingChange>{joined(9850), joined(9851), joined(9901)}));
  EXPECT_TRUE(effects.table_changed);
  EXPECT_TRUE(effects.calls.empty());
  EXPECT_TRUE(has_row(heard_of(9851)));
  EXPECT_EQ(core.members().size(), 4u);
}

TEST_F(NodesOf2009Test, JoiningThroughOneLeavesOutThisNodeAndWhatCannotBeAMember) {
  Effects effects;
  core.classic_join(at(9850), {at(9850), at(9900), {"", 9851}, {"127.0.0.1", 0}}, now, effects);
  EXPECT_EQ(effects.changes, std::vector<RingChange>{joined(9850)});
  EXPECT_EQ(core.self(), alive(9900));
  EXPECT_FALSE(effects.refuted);
}

TEST_F(NodesOf2009Test, JoiningThroughOneDoesNotTouchMembersWhoseLifeIsKnown) {
  with_members({9901});
  Effects effects;
  core.classic_join(at(9850), {at(9850), at(9901)}, now, effects);
  EXPECT_EQ(effects.changes, std::vector<RingChange>{joined(9850)});
  EXPECT_TRUE(has_row(alive(9901)));
}

TEST_F(NodesOf2009Test, TheLifeOfAMemberThatOneNamedIsLearntByComparingAndIsNoRestart) {
  Effects effects;
  core.classic_join(at(9850), {at(9850), at(9901)}, now, effects);
  Effects after;
  core.merge({alive(9901, 77)}, now, after);
  EXPECT_TRUE(after.changes.empty());
  EXPECT_TRUE(has_row(alive(9901, 77)));
}

TEST_F(NodesOf2009Test, AfterJoiningThroughOneItIsSurveyedAndTheOthersAreComparedWith) {
  Effects effects;
  core.classic_join(at(9850), {at(9850), at(9901)}, now, effects);
  Effects compared;
  core.compare_after_join(now, compared);
  ASSERT_EQ(compared.calls.size(), 2u);
  EXPECT_EQ(compared.calls[0].to, at(9901));
  EXPECT_EQ(compared.calls[0].message, Message(Compare{{core.view().fingerprint, {}}}));
  EXPECT_EQ(compared.calls[1].to, at(9850));
  EXPECT_EQ(compared.calls[1].message, Message(Survey{}));
}

// --- reachability, and a second life ---------------------------------------------------------------------------------

TEST_F(NodesOf2009Test, RefusedConnectsRemoveAnOldNodeAfterTheUsualAttempts) {
  with_members({9901});
  with_old_nodes({9850});
  EXPECT_TRUE(end(survey(9850), Outcome::refused).changes.empty());
  const TimePoint first = now;
  for (int probes = 0; probes < 2; ++probes) {
    const auto effects = end(survey(9850), Outcome::refused);
    EXPECT_EQ(effects.changes.empty(), probes == 0);
    if (probes == 0) continue;
    EXPECT_EQ(effects.changes, (std::vector<RingChange>{{ChangeKind::given_up, at(9850)}}));
    ASSERT_EQ(effects.calls.size(), 1u);
    EXPECT_EQ(effects.calls[0].message, Message(PassOn{heard_of(9850, MemberState::removed), names({9900})}));
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
  EXPECT_EQ(effects.changes, std::vector<RingChange>{joined(9850)});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9850, kUnknownLife + 1), names({9900})}));
}

TEST_F(NodesOf2009Test, ANewLifeOfAnOldNodeIsNoRestartWhereItsEndWasNotHeardOf) {
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
  EXPECT_TRUE(has_row(heard_of(9850)));
}

}  // namespace
}  // namespace p2p::membership
