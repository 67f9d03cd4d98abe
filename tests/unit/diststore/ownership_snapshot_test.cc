#include "classic/core/ownership_snapshot.h"
#include "fake_ring.h"

#include <gtest/gtest.h>

namespace p2p::diststore {
namespace {

using NodeAddresses = std::vector<NodeAddress>;

class OwnershipSnapshotTest : public ::testing::Test {
 protected:
  std::shared_ptr<const RingView> ring(NodeAddresses members, NodeAddresses leaving = {}) const {
    return std::make_shared<RankedRing>(kSelf, ranks, std::move(members), std::move(leaving));
  }
  OwnershipSnapshot ownership(std::shared_ptr<const RingView> by, std::vector<AcquiredRange> acquired_ranges) const {
    return {kSelf, 9, true, std::move(by), {}, std::move(acquired_ranges)};
  }

  // Each key belongs to the first of these that is a member.
  const Ranks ranks{
      {"self, other", {kSelf, kOther, kThird, kFourth}},  {"self, third", {kSelf, kThird, kOther, kFourth}},
      {"other, self", {kOther, kSelf, kThird, kFourth}},  {"third, self", {kThird, kSelf, kOther, kFourth}},
      {"third, other", {kThird, kOther, kSelf, kFourth}}, {"fourth, other", {kFourth, kOther, kSelf, kThird}}};
};

// --- confirmed_from --------------------------------------------------------------------------------------------------

TEST_F(OwnershipSnapshotTest, WithoutAcquiredRangesWhateverLiesHereCounts) {
  const OwnershipSnapshot all_here = ownership(ring({kSelf, kOther}), {});
  EXPECT_EQ(all_here.confirmed_from("self, other"), kNeverConfirmed);
  EXPECT_EQ(all_here.proof_for("self, other").view_version, 9u);
  EXPECT_EQ(all_here.proof_for("self, other").confirmed_from, kNeverConfirmed);
  EXPECT_TRUE(all_here.former_owners("self, other").empty());
}

TEST_F(OwnershipSnapshotTest, AJoinConcernsEveryKey) {
  const OwnershipSnapshot joiner = ownership(ring({kSelf, kOther}), {{3, ring({}), true, {kOther}}});
  EXPECT_EQ(joiner.confirmed_from("self, other"), 3u);
  EXPECT_EQ(joiner.confirmed_from("any key"), 3u);
  EXPECT_EQ(joiner.proof_for("any key").confirmed_from, 3u);
  EXPECT_EQ(joiner.proof_for("any key").view_version, 9u);
}

TEST_F(OwnershipSnapshotTest, ALeaveConcernsTheKeysThatWereNotOursBefore) {
  const OwnershipSnapshot stays =
      ownership(ring({kSelf, kThird}, {kOther}), {{5, ring({kSelf, kThird, kOther}), false, {kOther}}});
  EXPECT_EQ(stays.confirmed_from("other, self"), 5u);
  EXPECT_EQ(stays.confirmed_from("self, other"), kNeverConfirmed);
}

TEST_F(OwnershipSnapshotTest, OfSeveralAcquiredRangesTheNewestThatConcernsTheKeyCounts) {
  const AcquiredRange join{1, ring({}), true, {kFourth}};
  const AcquiredRange other_leaves{5, ring({kSelf, kThird, kOther}), false, {kOther}};
  const AcquiredRange third_leaves{6, ring({kSelf, kThird}), false, {kThird}};
  for (const auto& acquired_ranges : {std::vector<AcquiredRange>{join, other_leaves, third_leaves},
                                      std::vector<AcquiredRange>{third_leaves, other_leaves, join}}) {
    const OwnershipSnapshot stays = ownership(ring({kSelf, kFourth}, {kOther, kThird}), acquired_ranges);
    EXPECT_EQ(stays.confirmed_from("self, other"), 1u);
    EXPECT_EQ(stays.confirmed_from("other, self"), 5u);
    EXPECT_EQ(stays.confirmed_from("third, self"), 6u);
    EXPECT_EQ(stays.confirmed_from("third, other"), 6u) << "it was not ours before either of them left";
  }
}

// --- former_owners ---------------------------------------------------------------------------------------------------

TEST_F(OwnershipSnapshotTest, AfterAJoinAKeyLiesAtTheNextOnTheRing) {
  const OwnershipSnapshot joiner = ownership(ring({kSelf, kOther, kThird}), {{1, ring({}), true, {kOther, kThird}}});
  EXPECT_EQ(joiner.former_owners("self, other"), (NodeAddresses{kOther}));
  EXPECT_EQ(joiner.former_owners("self, third"), (NodeAddresses{kThird}));
}

TEST_F(OwnershipSnapshotTest, TheNextOnTheRingIsAskedWhateverOthersHaveYetToSay) {
  const OwnershipSnapshot joiner =
      ownership(ring({kSelf, kOther, kThird, kFourth}), {{1, ring({}), true, {kThird, kFourth}}});
  EXPECT_EQ(joiner.former_owners("self, other"), (NodeAddresses{kOther})) << "a silent third one holds nobody up";
}

TEST_F(OwnershipSnapshotTest, WhoIsAskedForAnothersKeyNamesWhoComesBehindItself) {
  const OwnershipSnapshot asked = ownership(ring({kSelf, kOther, kThird}), {{1, ring({}), true, {kOther, kThird}}});
  EXPECT_EQ(asked.former_owners("other, self"), (NodeAddresses{kThird}));
}

// Each of them may have got the key from the one behind it, so that the owner finds its way to who held it before them
// all.
TEST_F(OwnershipSnapshotTest, OfSeveralThatJoinAtOnceEachNamesTheOneBehindItself) {
  const auto all = std::vector<NodeAddress>{kSelf, kOther, kThird, kFourth};
  const auto named_by = [&](const NodeAddress& node) {
    const auto ring_at = [&](NodeAddresses members) {
      return std::make_shared<RankedRing>(node, ranks, std::move(members));
    };
    NodeAddresses others = all;
    std::erase(others, node);
    return OwnershipSnapshot{node, 9, true, ring_at(all), {}, {{1, ring_at({}), true, others}}}.former_owners(
        "self, other");
  };
  EXPECT_EQ(named_by(kSelf), (NodeAddresses{kOther}));
  EXPECT_EQ(named_by(kOther), (NodeAddresses{kThird}));
  EXPECT_EQ(named_by(kThird), (NodeAddresses{kFourth}));
}

TEST_F(OwnershipSnapshotTest, WhoIsTheLastOfAllThatCouldOwnAKeyNamesNobody) {
  std::vector<NodeAddress> many{kOther};
  for (std::uint16_t port = 1; port <= 10; ++port) many.push_back({"10.0.0.1", port});
  many.push_back(kSelf);
  const auto by = std::make_shared<RankedRing>(kSelf, Ranks{{"key", many}}, many);
  EXPECT_TRUE(ownership(by, {{1, ring({}), true, {kOther}}}).former_owners("key").empty());
  many.insert(many.begin() + 7, kSelf);
  const auto in_the_middle = std::make_shared<RankedRing>(kSelf, Ranks{{"key", many}}, many);
  EXPECT_EQ(ownership(in_the_middle, {{1, ring({}), true, {kOther}}}).former_owners("key"), (NodeAddresses{many[8]}));
}

TEST_F(OwnershipSnapshotTest, AfterAJoinAKeyMayLieAtALeaverThatStoodNextToo) {
  OwnershipSnapshot joined = ownership(ring({kSelf, kOther}, {kThird}), {{1, ring({}), true, {kOther, kThird}}});
  joined.leavers = {{kThird, ring({kOther, kThird}), ring({kSelf, kOther, kThird})}};
  EXPECT_EQ(joined.former_owners("self, third"), (NodeAddresses{kOther, kThird}));
  EXPECT_EQ(joined.former_owners("self, other"), (NodeAddresses{kOther})) << "which was the other one's";
  joined.acquired_ranges.front().sources = {kOther};
  EXPECT_EQ(joined.former_owners("self, third"), (NodeAddresses{kOther})) << "it has given everything away";
}

TEST_F(OwnershipSnapshotTest, WhatComesByPutsMayLieAnywhere) {
  const AcquiredRange join{1, ring({}), true, {kOther, kThird, kFourth}, {kThird, kFourth}};
  OwnershipSnapshot joined = ownership(ring({kSelf, kOther, kThird}, {kFourth}), {join});
  joined.leavers = {{kFourth, ring({kOther, kThird, kFourth}), ring({kSelf, kOther, kThird, kFourth})}};
  EXPECT_EQ(joined.former_owners("self, other"), (NodeAddresses{kOther, kThird})) << "the leaver never owned it";
}

TEST_F(OwnershipSnapshotTest, ALeaverHasWhatItOwnedByItsLastRingOrWouldOwnByThePresentOne) {
  OwnershipSnapshot stays = ownership(ring({kSelf, kThird}, {kOther}), {});
  stays.leavers = {{kOther, ring({kSelf, kOther, kFourth}), ring({kSelf, kThird, kOther})}};
  EXPECT_EQ(stays.leavers_with("other, self"), (NodeAddresses{kOther}));
  EXPECT_EQ(stays.leavers_with("third, other"), (NodeAddresses{kOther})) << "the third has joined since";
  EXPECT_EQ(stays.leavers_with("fourth, other"), (NodeAddresses{kOther}))
      << "the fourth may have put it there when it left";
  EXPECT_TRUE(stays.leavers_with("self, other").empty());
}

TEST_F(OwnershipSnapshotTest, WhoJoinsIsGivenKeysByThoseThatHaveNotSaidThatTheyHoldNone) {
  OwnershipSnapshot stays = ownership(ring({kSelf, kOther, kThird, kFourth}), {});
  EXPECT_FALSE(stays.may_give(kOther, kThird));
  stays.gifts = {{kThird, {kOther}, ring({kSelf, kOther, kFourth})}};
  EXPECT_EQ(stays.holder_before(kThird, "third, other"), kOther);
  EXPECT_TRUE(stays.holder_before(kFourth, "third, other").empty());
  EXPECT_TRUE(stays.may_give(kOther, kThird));
  EXPECT_FALSE(stays.may_give(kOther, kFourth));
  stays.acquired_ranges = {{1, ring({}), true, {kFourth}}};
  EXPECT_TRUE(stays.may_give(kFourth, kOther)) << "this node cannot know who has joined before it";
}

TEST_F(OwnershipSnapshotTest, AfterALeaveAKeyLiesAtTheLeaverOrWhereThatAwaitsIt) {
  const OwnershipSnapshot stays = ownership(ring({kSelf, kThird, kFourth}, {kOther}),
                                            {{5, ring({kSelf, kOther, kThird, kFourth}), false, {kOther, kFourth}}});
  EXPECT_EQ(stays.former_owners("other, self"), (NodeAddresses{kOther, kFourth}));
  EXPECT_TRUE(stays.former_owners("self, other").empty()) << "it was ours before";
}

TEST_F(OwnershipSnapshotTest, TheFormerOwnersOfAllAcquiredRangesAreAskedEachOnce) {
  const AcquiredRange join{1, ring({}), true, {kOther, kThird, kFourth}};
  const AcquiredRange leave{5, ring({kSelf, kOther, kThird, kFourth}), false, {kFourth, kThird}};
  OwnershipSnapshot both = ownership(ring({kSelf, kOther, kFourth}, {kThird}), {join, leave});
  both.leavers = {{kThird, ring({kSelf, kOther, kThird, kFourth}), ring({kSelf, kOther, kThird, kFourth})}};
  EXPECT_EQ(both.former_owners("third, self"), (NodeAddresses{kOther, kThird, kFourth}));
}

TEST_F(OwnershipSnapshotTest, TheSourcesOfAllAcquiredRangesAreListedEachOnce) {
  const AcquiredRange one{1, ring({}), true, {kOther, kFourth}};
  const AcquiredRange two{5, ring({kSelf, kOther}), false, {kThird, kFourth}};
  EXPECT_EQ(ownership(ring({kSelf}), {two, one}).all_sources(), (NodeAddresses{kOther, kThird, kFourth}));
}

// --- was_owner_before ------------------------------------------------------------------------------------------------

TEST_F(OwnershipSnapshotTest, WhoGivesAKeyToItsNextOwnerWasItsLastOne) {
  OwnershipSnapshot giver = ownership(ring({kOther, kThird}, {kSelf}), {});
  giver.former_rings = {ring({kSelf, kOther, kThird})};
  EXPECT_TRUE(giver.was_owner_before(kOther, "self, other"));
  EXPECT_TRUE(giver.was_owner_before(kThird, "self, third"));
  EXPECT_FALSE(giver.was_owner_before(kOther, "third, other")) << "a third node had it";
}

TEST_F(OwnershipSnapshotTest, ChangesThatLeftTheKeyToItsNewOwnerDoNotMatter) {
  OwnershipSnapshot giver = ownership(ring({kOther}), {});
  giver.former_rings = {ring({kOther, kFourth}), ring({kOther, kThird}), ring({kSelf, kOther, kThird})};
  EXPECT_TRUE(giver.was_owner_before(kOther, "self, other"));
  EXPECT_FALSE(giver.was_owner_before(kThird, "self, other")) << "who is not the last owner but one";
}

TEST_F(OwnershipSnapshotTest, AnOwnerInBetweenMayHaveWrittenTheKey) {
  OwnershipSnapshot giver = ownership(ring({kOther}), {});
  giver.former_rings = {ring({kOther}), ring({kOther, kThird}), ring({kSelf, kOther, kThird})};
  EXPECT_FALSE(giver.was_owner_before(kOther, "self, third"));
}

TEST_F(OwnershipSnapshotTest, RingsThatAreForgottenProveNothing) {
  OwnershipSnapshot giver = ownership(ring({kOther}), {});
  EXPECT_FALSE(giver.was_owner_before(kOther, "self, other"));
  giver.former_rings = {ring({kOther, kThird})};
  EXPECT_FALSE(giver.was_owner_before(kOther, "self, other"));
  giver.former_rings = {ring({}), ring({kSelf})};
  EXPECT_FALSE(giver.was_owner_before(kOther, "self, other")) << "nobody owned it in between";
}

TEST_F(OwnershipSnapshotTest, WhoLeavesNamesAllFromWhomItStillAwaitsKeys) {
  const OwnershipSnapshot leaver =
      ownership(ring({kOther, kThird, kFourth}, {kSelf}), {{1, ring({}), true, {kThird, kFourth}}});
  EXPECT_EQ(leaver.former_owners("other, self"), (NodeAddresses{kThird, kFourth}))
      << "off the ring nobody is next to it; and the owner is who asks";
}

TEST_F(OwnershipSnapshotTest, ANodeHasJoinedOnceItKnowsWhatItAwaits) {
  OwnershipSnapshot joiner = ownership(ring({kSelf, kOther}), {});
  joiner.is_established = false;
  EXPECT_FALSE(joiner.has_joined());
  joiner.acquired_ranges.push_back({1, ring({}), true, {kOther}});
  EXPECT_TRUE(joiner.has_joined());
  joiner.is_established = true;
  joiner.acquired_ranges.clear();
  EXPECT_TRUE(joiner.has_joined());
}

}  // namespace
}  // namespace p2p::diststore
