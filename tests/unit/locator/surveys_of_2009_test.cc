// Nodes of the 2009 system compare nothing: they are surveyed instead, and mended from both sides.
#include "nodes_of_2009_fixture.h"

#include <set>
#include <vector>

namespace p2p::classic {
namespace {

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
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9851)});
  EXPECT_TRUE(has_row(row_of_old(9851)));
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9901));
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{row_of_old(9851), names({9850, 9900})}));
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
  EXPECT_TRUE(is_nothing(end(effects.calls[0], CallOutcome::silent))) << "nobody is told in its place";
}

TEST_F(NodesOf2009Test, AnOldNodeThatHasForgottenThisOneIsToldOfItAgain) {
  with_old_nodes({9850});
  const auto effects = survey_answered(9850, {9850});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{alive(9900), names({9850, 9900})}));
}

TEST_F(NodesOf2009Test, ANodeThatLeavesIsRemovedWhereASurveyStillShowsIt) {
  with_members({9901});
  with_old_nodes({9850});
  on_message(PassOn{leaving(9901), {}});
  const auto effects = survey_answered(9850, {9850, 9900, 9901});
  EXPECT_TRUE(effects.changes.empty());
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].to, at(9850));
  EXPECT_TRUE(effects.calls[0].is_classic);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{leaving(9901), names({9850, 9900, 9901})}));
}

TEST_F(NodesOf2009Test, AGhostOfASurveyIsRemovedThereOnceItRefuses) {
  with_members({9902});
  with_old_nodes({9850});
  on_message(PassOn{removed(9902), {}});
  const auto asked = survey_answered(9850, {9850, 9900, 9902});
  EXPECT_TRUE(asked.changes.empty());
  ASSERT_EQ(asked.calls.size(), 1u);
  EXPECT_EQ(asked.calls[0].to, at(9902));
  const auto refused = end(asked.calls[0], CallOutcome::refused);
  ASSERT_EQ(refused.calls.size(), 1u);
  EXPECT_EQ(refused.calls[0].to, at(9850));
  EXPECT_TRUE(refused.calls[0].is_classic);
  EXPECT_EQ(refused.calls[0].message, Message(PassOn{removed(9902), names({9850, 9900})}));
}

TEST_F(NodesOf2009Test, WhomASurveyShowsAndWhoDoesNotAnswerIsLeftThere) {
  with_members({9902});
  with_old_nodes({9850});
  on_message(PassOn{removed(9902), {}});
  for (const CallOutcome outcome : {CallOutcome::silent, CallOutcome::broken, CallOutcome::rejected}) {
    const auto asked = survey_answered(9850, {9850, 9900, 9902});
    ASSERT_EQ(asked.calls.size(), 1u);
    EXPECT_TRUE(is_nothing(end(asked.calls[0], outcome)));
  }
}

TEST_F(NodesOf2009Test, ANodeThatStartedAgainThroughAnotherIsAMemberAgain) {
  with_old_nodes({9850, 9851});
  on_message(PassOn{row_of_old(9851, MemberState::removed), {}});
  const auto asked = survey_answered(9850, {9850, 9851, 9900});
  ASSERT_EQ(asked.calls.size(), 1u);
  EXPECT_EQ(asked.calls[0].to, at(9851));
  EXPECT_EQ(asked.calls[0].message, Message(Survey{}));
  EXPECT_EQ(end(asked.calls[0], list({9850, 9851})).changes, std::vector<MembershipChange>{joined(9851)});
}

TEST_F(NodesOf2009Test, OldNodesBehindThisOneAreWatchedUpToTheNextOfOurs) {
  with_members({9950, 9951});
  with_old_nodes({9901, 9902, 9903});
  const auto asked = wake();
  std::set<int> watched;
  for (const auto& call : asked.calls) watched.insert(call.to.port);
  for (const int port : {9901, 9902, 9903, 9950}) EXPECT_TRUE(watched.contains(port)) << port;
}

TEST_F(NodesOf2009Test, OnlySoManyOldNodesAreWatched) {
  std::vector<int> ports;
  for (int port = 9901; port < 9931; ++port) ports.push_back(port);
  with_old_nodes(ports);
  const auto asked = wake();
  EXPECT_GE(asked.calls.size(), std::size_t{kWatchedMax});
  EXPECT_LE(asked.calls.size(), std::size_t{kWatchedMax} + 1) << "and one more, round robin";
}

TEST_F(NodesOf2009Test, AWithdrawnNodeIsRemovedWhereItsOwnSurveyShowsIt) {
  with_old_nodes({9850});
  end(withdraw().calls.at(0), CallOutcome::answered);
  const auto effects = survey_answered(9850, {9850, 9900});
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].message, Message(PassOn{leaving(9900), names({9850, 9900})}));
}

TEST_F(NodesOf2009Test, JoiningThroughAnAliasMakesAMemberOfTheNameThatIsOnTheRing) {
  Effects effects;
  core.classic_join({"localhost", 9850}, {at(9850), at(9851)}, now, effects);
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{joined(9850), joined(9851)}));
}

TEST_F(NodesOf2009Test, JoiningThroughOneThatWasRemovedMakesItAMemberAgain) {
  with_old_nodes({9850});
  on_message(PassOn{row_of_old(9850, MemberState::removed), {}});
  Effects effects;
  core.classic_join(at(9850), {at(9850)}, now, effects);
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9850)});
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
  for (const CallOutcome outcome : {CallOutcome::rejected, CallOutcome::silent, CallOutcome::broken}) {
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
  EXPECT_EQ(effects.changes, (std::vector<MembershipChange>{joined(9850), joined(9851), joined(9901)}));
  EXPECT_TRUE(effects.table_changed);
  EXPECT_TRUE(effects.calls.empty());
  EXPECT_TRUE(has_row(row_of_old(9851)));
  EXPECT_EQ(core.members().size(), 4u);
}

TEST_F(NodesOf2009Test, JoiningThroughOneLeavesOutThisNodeAndWhatCannotBeAMember) {
  Effects effects;
  core.classic_join(at(9850), {at(9850), at(9900), {"", 9851}, {"127.0.0.1", 0}}, now, effects);
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9850)});
  EXPECT_EQ(core.self(), alive(9900));
  EXPECT_FALSE(effects.refuted);
}

TEST_F(NodesOf2009Test, JoiningThroughOneDoesNotTouchMembersWhoseLifeIsKnown) {
  with_members({9901});
  Effects effects;
  core.classic_join(at(9850), {at(9850), at(9901)}, now, effects);
  EXPECT_EQ(effects.changes, std::vector<MembershipChange>{joined(9850)});
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

}  // namespace
}  // namespace p2p::classic
