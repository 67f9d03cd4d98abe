#include "serving/standing.h"
#include "fake_ring.h"

#include <gtest/gtest.h>

namespace p2p::diststore {
namespace {

using Locations = std::vector<Location>;

class StandingTest : public ::testing::Test {
 protected:
  std::shared_ptr<const RingView> ring(Locations members, Locations leaving = {}) const {
    return std::make_shared<RankedRing>(kSelf, ranks, std::move(members), std::move(leaving));
  }
  Standing standing(std::shared_ptr<const RingView> by, std::vector<Gain> gains) const {
    return {kSelf, 9, true, std::move(by), {}, std::move(gains)};
  }

  // Each key belongs to the first of these that is a member.
  const Ranks ranks{
      {"self, other", {kSelf, kOther, kThird, kFourth}},  {"self, third", {kSelf, kThird, kOther, kFourth}},
      {"other, self", {kOther, kSelf, kThird, kFourth}},  {"third, self", {kThird, kSelf, kOther, kFourth}},
      {"third, other", {kThird, kOther, kSelf, kFourth}}, {"fourth, other", {kFourth, kOther, kSelf, kThird}}};
};

// --- settled_from ----------------------------------------------------------------------------------------------------

TEST_F(StandingTest, WithoutGainsWhateverLiesHereCounts) {
  const Standing all_here = standing(ring({kSelf, kOther}), {});
  EXPECT_EQ(all_here.settled_from("self, other"), kNeverSettled);
  EXPECT_EQ(all_here.right_to("self, other").era, 9u);
  EXPECT_EQ(all_here.right_to("self, other").settled_from, kNeverSettled);
  EXPECT_TRUE(all_here.former_owners("self, other").empty());
}

TEST_F(StandingTest, AJoinConcernsEveryKey) {
  const Standing joiner = standing(ring({kSelf, kOther}), {{3, ring({}), true, {kOther}}});
  EXPECT_EQ(joiner.settled_from("self, other"), 3u);
  EXPECT_EQ(joiner.settled_from("any key"), 3u);
  EXPECT_EQ(joiner.right_to("any key").settled_from, 3u);
  EXPECT_EQ(joiner.right_to("any key").era, 9u);
}

TEST_F(StandingTest, ALeaveConcernsTheKeysThatWereNotOursBefore) {
  const Standing stays =
      standing(ring({kSelf, kThird}, {kOther}), {{5, ring({kSelf, kThird, kOther}), false, {kOther}}});
  EXPECT_EQ(stays.settled_from("other, self"), 5u);
  EXPECT_EQ(stays.settled_from("self, other"), kNeverSettled);
}

TEST_F(StandingTest, OfSeveralGainsTheNewestThatConcernsTheKeyCounts) {
  const Gain join{1, ring({}), true, {kFourth}};
  const Gain other_leaves{5, ring({kSelf, kThird, kOther}), false, {kOther}};
  const Gain third_leaves{6, ring({kSelf, kThird}), false, {kThird}};
  for (const auto& gains :
       {std::vector<Gain>{join, other_leaves, third_leaves}, std::vector<Gain>{third_leaves, other_leaves, join}}) {
    const Standing stays = standing(ring({kSelf, kFourth}, {kOther, kThird}), gains);
    EXPECT_EQ(stays.settled_from("self, other"), 1u);
    EXPECT_EQ(stays.settled_from("other, self"), 5u);
    EXPECT_EQ(stays.settled_from("third, self"), 6u);
    EXPECT_EQ(stays.settled_from("third, other"), 6u) << "it was not ours before either of them left";
  }
}

// --- former_owners ---------------------------------------------------------------------------------------------------

TEST_F(StandingTest, AfterAJoinAKeyLiesAtTheNextOnTheRing) {
  const Standing joiner = standing(ring({kSelf, kOther, kThird}), {{1, ring({}), true, {kOther, kThird}}});
  EXPECT_EQ(joiner.former_owners("self, other"), (Locations{kOther}));
  EXPECT_EQ(joiner.former_owners("self, third"), (Locations{kThird}));
}

TEST_F(StandingTest, TheNextOnTheRingIsAskedWhateverOthersHaveYetToSay) {
  const Standing joiner = standing(ring({kSelf, kOther, kThird, kFourth}), {{1, ring({}), true, {kThird, kFourth}}});
  EXPECT_EQ(joiner.former_owners("self, other"), (Locations{kOther})) << "a silent third one holds nobody up";
}

TEST_F(StandingTest, WhoIsAskedForAnothersKeyNamesWhoComesBehindItself) {
  const Standing asked = standing(ring({kSelf, kOther, kThird}), {{1, ring({}), true, {kOther, kThird}}});
  EXPECT_EQ(asked.former_owners("other, self"), (Locations{kThird}));
}

// Each of them may have got the key from the one behind it, so that the owner finds its way to who held it before them
// all.
TEST_F(StandingTest, OfSeveralThatJoinAtOnceEachNamesTheOneBehindItself) {
  const auto all = std::vector<Location>{kSelf, kOther, kThird, kFourth};
  const auto named_by = [&](const Location& node) {
    const auto ring_at = [&](Locations members) {
      return std::make_shared<RankedRing>(node, ranks, std::move(members));
    };
    Locations others = all;
    std::erase(others, node);
    return Standing{node, 9, true, ring_at(all), {}, {{1, ring_at({}), true, others}}}.former_owners("self, other");
  };
  EXPECT_EQ(named_by(kSelf), (Locations{kOther}));
  EXPECT_EQ(named_by(kOther), (Locations{kThird}));
  EXPECT_EQ(named_by(kThird), (Locations{kFourth}));
}

TEST_F(StandingTest, WhoIsTheLastOfAllThatCouldOwnAKeyNamesNobody) {
  std::vector<Location> many{kOther};
  for (std::uint16_t port = 1; port <= 10; ++port) many.push_back({"10.0.0.1", port});
  many.push_back(kSelf);
  const auto by = std::make_shared<RankedRing>(kSelf, Ranks{{"key", many}}, many);
  EXPECT_TRUE(standing(by, {{1, ring({}), true, {kOther}}}).former_owners("key").empty());
  many.insert(many.begin() + 7, kSelf);
  const auto in_the_middle = std::make_shared<RankedRing>(kSelf, Ranks{{"key", many}}, many);
  EXPECT_EQ(standing(in_the_middle, {{1, ring({}), true, {kOther}}}).former_owners("key"), (Locations{many[8]}));
}

TEST_F(StandingTest, AfterAJoinAKeyMayLieAtALeaverThatStoodNextToo) {
  Standing joined = standing(ring({kSelf, kOther}, {kThird}), {{1, ring({}), true, {kOther, kThird}}});
  joined.leavers = {{kThird, ring({kOther, kThird}), ring({kSelf, kOther, kThird})}};
  EXPECT_EQ(joined.former_owners("self, third"), (Locations{kOther, kThird}));
  EXPECT_EQ(joined.former_owners("self, other"), (Locations{kOther})) << "which was the other one's";
  joined.gains.front().sources = {kOther};
  EXPECT_EQ(joined.former_owners("self, third"), (Locations{kOther})) << "it has given everything away";
}

TEST_F(StandingTest, WhatComesByPutsMayLieAnywhere) {
  const Gain join{1, ring({}), true, {kOther, kThird, kFourth}, {kThird, kFourth}};
  Standing joined = standing(ring({kSelf, kOther, kThird}, {kFourth}), {join});
  joined.leavers = {{kFourth, ring({kOther, kThird, kFourth}), ring({kSelf, kOther, kThird, kFourth})}};
  EXPECT_EQ(joined.former_owners("self, other"), (Locations{kOther, kThird})) << "the leaver never owned it";
}

TEST_F(StandingTest, ALeaverHasWhatItOwnedByItsLastRingOrWouldOwnByThePresentOne) {
  Standing stays = standing(ring({kSelf, kThird}, {kOther}), {});
  stays.leavers = {{kOther, ring({kSelf, kOther, kFourth}), ring({kSelf, kThird, kOther})}};
  EXPECT_EQ(stays.leavers_with("other, self"), (Locations{kOther}));
  EXPECT_EQ(stays.leavers_with("third, other"), (Locations{kOther})) << "the third has joined since";
  EXPECT_EQ(stays.leavers_with("fourth, other"), (Locations{kOther}))
      << "the fourth may have put it there when it left";
  EXPECT_TRUE(stays.leavers_with("self, other").empty());
}

TEST_F(StandingTest, WhoJoinsIsGivenKeysByThoseThatHaveNotSaidThatTheyHoldNone) {
  Standing stays = standing(ring({kSelf, kOther, kThird, kFourth}), {});
  EXPECT_FALSE(stays.may_give(kOther, kThird));
  stays.gifts = {{kThird, {kOther}, ring({kSelf, kOther, kFourth})}};
  EXPECT_EQ(stays.holder_before(kThird, "third, other"), kOther);
  EXPECT_TRUE(stays.holder_before(kFourth, "third, other").empty());
  EXPECT_TRUE(stays.may_give(kOther, kThird));
  EXPECT_FALSE(stays.may_give(kOther, kFourth));
  stays.gains = {{1, ring({}), true, {kFourth}}};
  EXPECT_TRUE(stays.may_give(kFourth, kOther)) << "this node cannot know who has joined before it";
}

TEST_F(StandingTest, AfterALeaveAKeyLiesAtTheLeaverOrWhereThatAwaitsIt) {
  const Standing stays = standing(ring({kSelf, kThird, kFourth}, {kOther}),
                                  {{5, ring({kSelf, kOther, kThird, kFourth}), false, {kOther, kFourth}}});
  EXPECT_EQ(stays.former_owners("other, self"), (Locations{kOther, kFourth}));
  EXPECT_TRUE(stays.former_owners("self, other").empty()) << "it was ours before";
}

TEST_F(StandingTest, TheFormerOwnersOfAllGainsAreAskedEachOnce) {
  const Gain join{1, ring({}), true, {kOther, kThird, kFourth}};
  const Gain leave{5, ring({kSelf, kOther, kThird, kFourth}), false, {kFourth, kThird}};
  Standing both = standing(ring({kSelf, kOther, kFourth}, {kThird}), {join, leave});
  both.leavers = {{kThird, ring({kSelf, kOther, kThird, kFourth}), ring({kSelf, kOther, kThird, kFourth})}};
  EXPECT_EQ(both.former_owners("third, self"), (Locations{kOther, kThird, kFourth}));
}

TEST_F(StandingTest, TheSourcesOfAllGainsAreListedEachOnce) {
  const Gain one{1, ring({}), true, {kOther, kFourth}};
  const Gain two{5, ring({kSelf, kOther}), false, {kThird, kFourth}};
  EXPECT_EQ(standing(ring({kSelf}), {two, one}).all_sources(), (Locations{kOther, kThird, kFourth}));
}

// --- was_owner_before ------------------------------------------------------------------------------------------------

TEST_F(StandingTest, WhoGivesAKeyToItsNextOwnerWasItsLastOne) {
  Standing giver = standing(ring({kOther, kThird}, {kSelf}), {});
  giver.former_rings = {ring({kSelf, kOther, kThird})};
  EXPECT_TRUE(giver.was_owner_before(kOther, "self, other"));
  EXPECT_TRUE(giver.was_owner_before(kThird, "self, third"));
  EXPECT_FALSE(giver.was_owner_before(kOther, "third, other")) << "a third node had it";
}

TEST_F(StandingTest, ChangesThatLeftTheKeyToItsNewOwnerDoNotMatter) {
  Standing giver = standing(ring({kOther}), {});
  giver.former_rings = {ring({kOther, kFourth}), ring({kOther, kThird}), ring({kSelf, kOther, kThird})};
  EXPECT_TRUE(giver.was_owner_before(kOther, "self, other"));
  EXPECT_FALSE(giver.was_owner_before(kThird, "self, other")) << "who is not the last owner but one";
}

TEST_F(StandingTest, AnOwnerInBetweenMayHaveWrittenTheKey) {
  Standing giver = standing(ring({kOther}), {});
  giver.former_rings = {ring({kOther}), ring({kOther, kThird}), ring({kSelf, kOther, kThird})};
  EXPECT_FALSE(giver.was_owner_before(kOther, "self, third"));
}

TEST_F(StandingTest, RingsThatAreForgottenProveNothing) {
  Standing giver = standing(ring({kOther}), {});
  EXPECT_FALSE(giver.was_owner_before(kOther, "self, other"));
  giver.former_rings = {ring({kOther, kThird})};
  EXPECT_FALSE(giver.was_owner_before(kOther, "self, other"));
  giver.former_rings = {ring({}), ring({kSelf})};
  EXPECT_FALSE(giver.was_owner_before(kOther, "self, other")) << "nobody owned it in between";
}

TEST_F(StandingTest, WhoLeavesNamesAllFromWhomItStillAwaitsKeys) {
  const Standing leaver = standing(ring({kOther, kThird, kFourth}, {kSelf}), {{1, ring({}), true, {kThird, kFourth}}});
  EXPECT_EQ(leaver.former_owners("other, self"), (Locations{kThird, kFourth}))
      << "off the ring nobody is next to it; and the owner is who asks";
}

TEST_F(StandingTest, ANodeHasJoinedOnceItKnowsWhatItAwaits) {
  Standing joiner = standing(ring({kSelf, kOther}), {});
  joiner.is_established = false;
  EXPECT_FALSE(joiner.has_joined());
  joiner.gains.push_back({1, ring({}), true, {kOther}});
  EXPECT_TRUE(joiner.has_joined());
  joiner.is_established = true;
  joiner.gains.clear();
  EXPECT_TRUE(joiner.has_joined());
}

}  // namespace
}  // namespace p2p::diststore
