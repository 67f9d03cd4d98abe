// What follows from a change of the cluster map (cluster.md M, B2, I), rule by rule, and the schedules of
// cluster-why.md that apply() decides alone.
#include "cluster_fixture.h"

#include "cluster/member/waiting_requests.h"

#include <gtest/gtest.h>

namespace p2p::cluster {
namespace {

using Numbers = std::vector<unsigned>;

ClusterMap durable_map() { return founded({.durability = Durability::durable}); }
const Partition& first(const ClusterMap& map) { return map.partitions.front(); }

// --- M1: terms -------------------------------------------------------------------------------------------------------

TEST(ClusterMapM1, TheTermIsTheEpochAtWhichPrimaryOrInSyncLastChanged) {
  ClusterMap map = with_members(founded(), 3);
  EXPECT_EQ(first(map).term, 1u);
  map = after(map, {learn(0, 2)});
  EXPECT_EQ(first(map).term, 1u) << "a learner is not in sync";
  map = after(map, {put_in_sync(map, 0, 2)});
  EXPECT_EQ(first(map).term, map.epoch);
  map = after(map, {move_primary(map, 0, 2)});
  EXPECT_EQ(first(map).term, map.epoch);
  EXPECT_EQ(map.partitions[1].term, 1u) << "another partition's term does not change";
}

TEST(ClusterMapM1, ANewBootOfAMemberOfInSyncBeginsANewTerm) {
  ClusterMap map = in_sync_at(with_members(durable_map(), 3), {2});
  map = after(map, {up(2, 2)});
  EXPECT_EQ(first(map).term, map.epoch);
  EXPECT_EQ(in_sync_of(map), (Numbers{1, 2})) << "a durable copy stays";
  // cluster-why "M1 boot": what was asked in the term before counts no more.
  EXPECT_NE(refusal_of(map, {TakeOutOfSync{.partition = 0, .node = id(2), .term = map.epoch - 1}}), "");
}

TEST(ClusterMapM1, TheSameBootComingBackChangesNoTerm) {  // B1
  ClusterMap map = after(durable_map(), {down(1)});
  const Epoch term = first(map).term;
  map = after(map, {up(1, 1)});
  EXPECT_EQ(first(map).term, term);
  EXPECT_TRUE(map.is_up(0));
}

TEST(ClusterMapM1, APrimaryGetsATermOfItsOwnWhenItAsks) {  // H1
  ClusterMap map = with_members(founded(), 2);
  EXPECT_NE(refusal_of(map, {RenewTerm{.partition = 0, .primary = id(2), .term = 1}}), "");
  EXPECT_NE(refusal_of(map, {RenewTerm{.partition = 0, .primary = id(1), .term = 2}}), "");
  map = after(map, {RenewTerm{.partition = 0, .primary = id(1), .term = 1}});
  EXPECT_EQ(first(map).term, map.epoch);
  EXPECT_EQ(map.partitions[1].term, 1u);
}

// --- M2: assignments -------------------------------------------------------------------------------------------------

TEST(ClusterMapM2, ALearnersAssignmentBeginsWithTheEpochThatAddsIt) {
  ClusterMap map = after(with_members(founded(), 2), {learn(0, 2)});
  ASSERT_NE(first(map).learner(1), nullptr);
  EXPECT_EQ(first(map).learner(1)->since, map.epoch);
}

TEST(ClusterMapM2, ANewBootOfALearnerEndsItsAssignment) {  // cluster-why "M2 boot"
  for (const Durability durability : {Durability::memory, Durability::durable}) {
    ClusterMap map = after(with_members(founded({.durability = durability}), 2), {learn(0, 2)});
    const Request asked = put_in_sync(map, 0, 2);
    EXPECT_NE(refusal_of(map, {up(2, 2), asked}), "") << "also in one change";
    map = after(map, {up(2, 2)});
    EXPECT_EQ(first(map).learner(1), nullptr);
    map = after(map, {learn(0, 2)});
    EXPECT_NE(refusal_of(map, {asked}), "") << "its next assignment is another one";
  }
}

TEST(ClusterMapM2, StartingEmptyEndsTheAssignmentsOfAllLearners) {  // cluster-why "M2 empty"
  ClusterMap map = after(with_members(founded(), 3), {learn(0, 2), learn(0, 3)});
  const Request asked = put_in_sync(map, 0, 2);
  EXPECT_NE(refusal_of(map, {up(1, 2), asked}), "") << "also in one change";
  map = after(map, {up(1, 2)});
  EXPECT_TRUE(first(map).learners.empty());
  EXPECT_EQ(first(map).born, map.epoch);
  EXPECT_NE(refusal_of(map, {asked}), "");
}

TEST(ClusterMapM2, NoAssignmentBeginsInTheChangeThatStartsThePartitionEmpty) {
  const ClusterMap map = with_members(founded(), 2);
  EXPECT_NE(refusal_of(map, {up(1, 2), learn(0, 2)}), "");
}

TEST(ClusterMapM2, AnAssignmentThatBeginsInAChangeIsNotPutInSyncByIt) {
  const ClusterMap map = with_members(founded(), 2);
  const Epoch next = map.epoch + 1;
  EXPECT_NE(refusal_of(map, {learn(0, 2), PutInSync{.partition = 0, .node = id(2), .term = 1, .since = next}}), "");
}

// --- M3: what follows ------------------------------------------------------------------------------------------------

TEST(ClusterMapM3, DownTakesTheMemberOutWhereThereIsAnotherAndTheFirstOtherTakesOver) {
  ClusterMap map = in_sync_at(with_members(founded(), 3), {2, 3});
  map = after(map, {learn(1, 2)});
  map = after(map, {down(1)});
  EXPECT_EQ(in_sync_of(map), (Numbers{2, 3}));
  EXPECT_EQ(primary_of(map), 2u);
  EXPECT_EQ(in_sync_of(map, 1), (Numbers{1})) << "the last one stays";
  EXPECT_EQ(primary_of(map, 1), 1u);
}

TEST(ClusterMapM3, DownEndsTheMembersAssignments) {
  ClusterMap map = after(with_members(founded(), 3), {learn(0, 2), learn(0, 3)});
  map = after(map, {down(2)});
  EXPECT_EQ(first(map).learner(1), nullptr);
  EXPECT_NE(first(map).learner(2), nullptr);
}

TEST(ClusterMapM3, TheLastMemberOfInSyncIsNeverRemoved) {
  ClusterMap map = in_sync_at(with_members(founded(), 2), {2});
  map = after(map, {down(1), down(2)});
  EXPECT_EQ(in_sync_of(map), (Numbers{2}));
  EXPECT_EQ(in_sync_of(map, 1), (Numbers{1}));
  EXPECT_NE(refusal_of(founded(), {take_out(founded(), 0, 1)}), "");
}

TEST(ClusterMapM3, ADownMemberLeavesAsSoonAsAnUpOneIsInSync) {  // cluster-why "M3 after every change"
  ClusterMap map = after(with_members(founded(), 2), {learn(0, 2)});
  const Request asked = put_in_sync(map, 0, 2);
  map = after(map, {down(1)});
  EXPECT_EQ(in_sync_of(map), (Numbers{1}));
  map = after(map, {asked});
  EXPECT_EQ(in_sync_of(map), (Numbers{2}));
  EXPECT_EQ(primary_of(map), 2u);
  EXPECT_EQ(first(map).term, map.epoch);
}

TEST(ClusterMapM3, ADownMemberLeavesAlsoWhenBothHappenInOneChange) {
  ClusterMap map = after(with_members(founded(), 2), {learn(0, 2)});
  map = after(map, {down(1), put_in_sync(map, 0, 2)});
  EXPECT_EQ(in_sync_of(map), (Numbers{2}));
  EXPECT_EQ(primary_of(map), 2u);
}

TEST(ClusterMapM3, EachRequestIsCheckedOnWhatThoseBeforeItLeft) {
  const ClusterMap map = with_members(founded(), 2);
  EXPECT_NE(refusal_of(map, {down(2), learn(0, 2)}), "");
  EXPECT_EQ(refusal_of(map, {learn(0, 2), down(2)}), "");
  EXPECT_NE(refusal_of(map, {down(2), down(2)}), "");
  EXPECT_NE(refusal_of(map, {Join{member(3)}, Join{member(3)}}), "");
}

TEST(ClusterMapM3, ARefusedRequestRefusesTheWholeChangeAndAnEmptyChangeIsNone) {
  const ClusterMap map = with_members(founded(), 2);
  EXPECT_NE(refusal_of(map, {learn(0, 2), learn(0, 9)}), "");
  EXPECT_NE(refusal_of(map, {}), "");
}

TEST(ClusterMapM3, AChangeHasALimit) {
  NextMap next(with_members(founded({.partitions = 8192}), 2));
  for (PartitionNumber partition = 0; partition < kRequestsMax; ++partition)
    ASSERT_TRUE(next.apply(learn(partition, 2)).ok());
  EXPECT_FALSE(next.apply(learn(kRequestsMax, 2)).ok());
}

// --- M5: boots -------------------------------------------------------------------------------------------------------

TEST(ClusterMapM5, AnEarlierBootOrACopyOfThisOneIsRefused) {
  const ClusterMap map = after(with_members(founded(), 2), {up(2, 5)});
  EXPECT_NE(refusal_of(map, {up(2, 4)}), "");
  EXPECT_NE(refusal_of(map, {Up{.node = id(2), .boot = {.number = 5, .nonce = 1}, .address = address(2)}}), "");
  EXPECT_EQ(refusal_of(map, {up(2, 6)}), "") << "a later one replaces it, without a word of the end of the one before";
}

TEST(ClusterMapM5, DownAndLeaveMeanTheBootThatTheyName) {
  const ClusterMap map = after(with_members(founded(), 2), {up(2, 2)});
  EXPECT_NE(refusal_of(map, {down(2, 1)}), "");
  EXPECT_NE(refusal_of(map, {leave(2, 1)}), "");
  EXPECT_EQ(refusal_of(map, {down(2, 2)}), "");
}

TEST(ClusterMapM5, AMemberNeedsABootAndAnAddressOfItsOwn) {
  const ClusterMap map = with_members(founded(), 2);
  Member nobody = member(3);
  nobody.boot = {};
  EXPECT_NE(refusal_of(map, {Join{nobody}}), "");
  Member at_another = member(3);
  at_another.address = address(2);
  EXPECT_NE(refusal_of(map, {Join{at_another}}), "");
  EXPECT_EQ(refusal_of(map, {down(2), Join{at_another}}), "") << "of a member that is down it may be taken";
}

// --- M7: feature levels ----------------------------------------------------------------------------------------------

TEST(ClusterMapM7, TheFeatureLevelRisesWhenAllKnowMoreAndNeverFalls) {
  ClusterMap map = founded();
  map = after(map, {Join{member(2, {.feature_level = 3})}});
  EXPECT_NE(refusal_of(map, {RaiseFeatureLevel{2}}), "") << "node 1 knows less";
  map = after(map, {runs(1, {.feature_level = 2})});
  EXPECT_NE(refusal_of(map, {RaiseFeatureLevel{3}}), "");
  map = after(map, {RaiseFeatureLevel{2}});
  EXPECT_EQ(map.feature_level, 2u);
  EXPECT_NE(refusal_of(map, {RaiseFeatureLevel{2}}), "");
  EXPECT_NE(refusal_of(map, {Join{member(3)}}), "") << "who knows less does not get in";
  EXPECT_NE(refusal_of(map, {runs(2, {.feature_level = 1})}), "");
}

// --- M6: what a process says of itself ------------------------------------------------------------------------------

TEST(ClusterMapM6, AMemberSaysWhatItRunsWithoutComingUpAgain) {
  ClusterMap map = after(with_members(founded(), 3), {leave(3)});
  const Epoch since = map.members[slot(2)].since;
  map = after(map, {runs(2, {.services = {"a"}}), runs(3, {.services = {"b"}})});
  EXPECT_EQ(map.members[slot(2)].services, std::vector<std::string>{"a"});
  EXPECT_EQ(map.members[slot(2)].since, since);
  EXPECT_EQ(map.members[slot(3)].state, MemberState::leaving);
  EXPECT_NE(refusal_of(map, {runs(2, {.services = {"a"}})}), "") << "the map says so already";
  map = after(map, {up(2, 2)});
  EXPECT_TRUE(map.members[slot(2)].services.empty());
  EXPECT_NE(refusal_of(map, {runs(2, {.services = {"a"}})}), "") << "that process has ended";
}

TEST(ClusterMapM6, ADescriptionLeavesWhatItDoesNotName) {
  ClusterMap map = after(with_members(founded(), 2), {runs(2, {.services = {"a"}})});
  map = after(map, {Describe{.node = id(2), .zone = "attic"}});
  map = after(map, {Describe{.node = id(2), .weight = 7}});
  const Member& two = map.members[slot(2)];
  EXPECT_EQ(two.zone, "attic");
  EXPECT_EQ(two.weight, 7u);
  EXPECT_EQ(two.services, std::vector<std::string>{"a"});
  EXPECT_NE(refusal_of(map, {Describe{.node = id(2), .weight = kWeightMax + 1}}), "");
}

// --- A6: voters ------------------------------------------------------------------------------------------------------

TEST(ClusterMapA6, AChangeOfVotersChangesNothingElse) {
  ClusterMap map = with_members(founded(), 3);
  const Request voters = SetVoters{{id(3), id(1), id(2)}};
  EXPECT_NE(refusal_of(map, {voters, learn(0, 2)}), "");
  EXPECT_NE(refusal_of(map, {learn(0, 2), voters}), "");
  const ClusterMap before = map;
  map = after(map, {voters});
  EXPECT_EQ(map.voters, (std::vector<Slot>{0, 1, 2}));
  EXPECT_EQ(map.voters_since, map.epoch);
  EXPECT_EQ(map.partitions, before.partitions);
  EXPECT_EQ(map.members, before.members);
}

TEST(ClusterMapA6, VotersAreMembersOfOddNumberEachNamedOnce) {
  const ClusterMap map = with_members(founded(), 7);
  EXPECT_NE(refusal_of(map, {SetVoters{{}}}), "");
  EXPECT_NE(refusal_of(map, {SetVoters{{id(1), id(2)}}}), "");
  EXPECT_NE(refusal_of(map, {SetVoters{{id(1), id(2), id(2)}}}), "");
  EXPECT_NE(refusal_of(map, {SetVoters{{id(1), id(2), id(9)}}}), "");
  EXPECT_NE(refusal_of(map, {SetVoters{{id(1), id(2), id(3), id(4), id(5), id(6), id(7)}}}), "");
  EXPECT_NE(refusal_of(map, {SetVoters{{id(1)}}}), "") << "these are the voters already";
}

// --- B2: members that start again ------------------------------------------------------------------------------------

TEST(ClusterMapB2, AMemoryMemberThatRestartedLeavesWhereThereIsAnotherAndElseStartsEmpty) {
  ClusterMap map = in_sync_at(with_members(founded(), 3), {2, 3});
  map = after(map, {up(1, 2)});
  EXPECT_EQ(in_sync_of(map), (Numbers{2, 3}));
  EXPECT_EQ(primary_of(map), 2u);
  EXPECT_EQ(first(map).born, 1u);
  EXPECT_EQ(in_sync_of(map, 1), (Numbers{1}));
  EXPECT_EQ(map.partitions[1].born, map.epoch) << "a loss, counted";
  EXPECT_EQ(map.partitions[1].term, map.epoch);
}

TEST(ClusterMapB2, ADurableMemberThatRestartedKeepsItsRoles) {
  ClusterMap map = in_sync_at(with_members(durable_map(), 2), {2});
  map = after(map, {up(1, 2)});
  EXPECT_EQ(in_sync_of(map), (Numbers{1, 2}));
  EXPECT_EQ(primary_of(map), 1u);
  EXPECT_EQ(first(map).term, map.epoch);
  EXPECT_EQ(map.partitions[1].born, 1u);
}

TEST(ClusterMapB2, AMemberThatIsDownComesBackInEitherBoot) {
  for (const std::uint64_t number : {1, 2}) {
    ClusterMap map = after(with_members(founded(), 2), {down(2)});
    map = after(map, {up(2, number)});
    EXPECT_TRUE(map.is_up(1));
    EXPECT_EQ(map.members[1].since, map.epoch);
    EXPECT_EQ(map.members[1].boot, boot(number));
  }
}

// --- I1, I2, I3, I9 --------------------------------------------------------------------------------------------------

TEST(ClusterMapI1, OutOfSyncCarriesTheTermAndNeverMeansThePrimary) {
  ClusterMap map = in_sync_at(with_members(founded(), 3), {2, 3});
  EXPECT_NE(refusal_of(map, {take_out(map, 0, 1)}), "") << "the primary";
  EXPECT_NE(refusal_of(map, {take_out(map, 1, 2)}), "") << "not in sync";
  EXPECT_NE(refusal_of(map, {TakeOutOfSync{.partition = 0, .node = id(2), .term = 1}}), "") << "an earlier term";
  map = after(map, {take_out(map, 0, 2)});
  EXPECT_EQ(in_sync_of(map), (Numbers{1, 3}));
}

TEST(ClusterMapI2, APrimaryMovesToAnotherUpMemberOfInSyncOnly) {
  ClusterMap map = in_sync_at(with_members(founded(), 3), {2});
  map = after(map, {learn(0, 3)});
  EXPECT_NE(refusal_of(map, {move_primary(map, 0, 1)}), "");
  EXPECT_NE(refusal_of(map, {move_primary(map, 0, 3)}), "") << "a learner";
  EXPECT_NE(refusal_of(map, {MovePrimary{.partition = 0, .to = id(2), .term = 1}}), "");
  const ClusterMap moved = after(map, {move_primary(map, 0, 2)});
  EXPECT_EQ(primary_of(moved), 2u);
  EXPECT_EQ(in_sync_of(moved), (Numbers{1, 2}));
  const std::vector<Loss> lost = losses(map, moved);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].node, slot(1));
  EXPECT_FALSE(lost[0].loses_boot);
  EXPECT_EQ(lost[0].primaries, (std::vector<PartitionNumber>{0}));
}

TEST(ClusterMapI3, InSyncNeedsTheTermAndTheAssignment) {  // cluster-why "I3 since"
  ClusterMap map = after(with_members(founded(), 3), {learn(0, 2), learn(0, 3)});
  const Request asked = put_in_sync(map, 0, 2);
  const ClusterMap dropped =
      after(map, {RemoveLearner{.partition = 0, .node = id(2), .since = map.epoch}, learn(0, 2)});
  EXPECT_NE(refusal_of(dropped, {asked}), "") << "dropped and added again";
  const ClusterMap later = after(map, {put_in_sync(map, 0, 3)});
  EXPECT_NE(refusal_of(later, {asked}), "") << "an earlier term";
  EXPECT_EQ(refusal_of(map, {asked, put_in_sync(map, 0, 3)}), "") << "two in one change are of one term";
  EXPECT_NE(refusal_of(map, {put_in_sync(map, 1, 2)}), "") << "no learner there";
}

TEST(ClusterMapI4, ALearnerIsAnUpMemberThatHoldsPartitionsAndNotThisOne) {
  ClusterMap map = in_sync_at(with_members(founded(), 3), {2});
  EXPECT_NE(refusal_of(map, {learn(0, 2)}), "");
  EXPECT_NE(refusal_of(map, {learn(0, 9)}), "");
  EXPECT_NE(refusal_of(map, {learn(8, 3)}), "");
  EXPECT_NE(refusal_of(after(map, {down(3)}), {learn(0, 3)}), "");
  map = after(map, {runs(3, {.holds_partitions = false})});
  EXPECT_NE(refusal_of(map, {learn(0, 3)}), "");
}

TEST(ClusterMapI4, WhoHoldsPartitionsIsLookedAtAnewAfterARequestOfMembers) {
  ClusterMap map = with_members(founded(), 3);
  for (Member& member : map.members) member.holds_partitions = false;
  NextMap next(map);
  EXPECT_TRUE(next.apply(learn(0, 2)).ok()) << "while nobody holds them, all may";
  EXPECT_TRUE(next.apply(runs(3, {.holds_partitions = true})).ok());
  EXPECT_FALSE(next.apply(learn(1, 2)).ok());
  EXPECT_TRUE(next.apply(learn(1, 3)).ok());
}

TEST(ClusterMapI4, LearnersAndCopiesHaveLimits) {
  ClusterMap map = with_members(founded(), 12);
  map = after(map, {learn(0, 2), learn(0, 3), learn(0, 4), learn(0, 5)});
  EXPECT_NE(refusal_of(map, {learn(0, 6)}), "");
  map = after(map, {put_in_sync(map, 0, 2), put_in_sync(map, 0, 3), put_in_sync(map, 0, 4), put_in_sync(map, 0, 5)});
  map = after(map, {learn(0, 6), learn(0, 7), learn(0, 8)});
  EXPECT_NE(refusal_of(map, {learn(0, 9)}), "");
  map = after(map, {put_in_sync(map, 0, 6), put_in_sync(map, 0, 7), put_in_sync(map, 0, 8)});
  EXPECT_EQ(in_sync_of(map).size(), kCopiesMax);
}

TEST(ClusterMapI9, APartitionStartsEmptyWhereAllOfInSyncIsDown) {
  ClusterMap map = with_members(founded(), 3);
  const auto start = [](unsigned at, Epoch term) { return StartEmpty{.partition = 0, .at = id(at), .term = term}; };
  ClusterMap both = after(map, {learn(0, 3)});
  both = after(both, {put_in_sync(both, 0, 3)});
  EXPECT_NE(refusal_of(both, {start(2, first(both).term)}), "") << "members that are up have its data";
  map = after(map, {learn(0, 3), down(1)});
  EXPECT_NE(refusal_of(map, {start(2, 9)}), "") << "another term";
  EXPECT_NE(refusal_of(map, {start(1, 1)}), "") << "it is down itself";
  map = after(map, {start(2, 1)});
  EXPECT_EQ(in_sync_of(map), (Numbers{2}));
  EXPECT_EQ(primary_of(map), 2u);
  EXPECT_TRUE(first(map).learners.empty());
  EXPECT_EQ(first(map).born, map.epoch);
  EXPECT_EQ(first(map).term, map.epoch);
  EXPECT_EQ(in_sync_of(map, 1), (Numbers{1})) << "the others wait";
}

// One that is up, and has lost it.
TEST(ClusterMapI9, TheOnlyCopyInMemoryMayBeginEmptyWhereItIs) {
  ClusterMap map = with_members(founded(), 2);
  const StartEmpty start{.partition = 0, .at = id(1), .term = 1};
  ClusterMap durable = map;
  durable.durability = Durability::durable;
  EXPECT_NE(refusal_of(durable, {start}), "") << "a disk keeps it, however damaged";
  ClusterMap learning = after(map, {learn(0, 2)});
  const ClusterMap begun = after(learning, {start});
  EXPECT_EQ(first(begun).born, begun.epoch);
  EXPECT_EQ(first(begun).term, begun.epoch);
  EXPECT_TRUE(first(begun).learners.empty());
  map = after(learning, {put_in_sync(learning, 0, 2)});
  EXPECT_NE(refusal_of(map, {StartEmpty{.partition = 0, .at = id(1), .term = first(map).term}}), "")
      << "another one has it";
}

TEST(ClusterMapI9, TheOnlyCopyInMemoryMayBeginEmptyElsewhereIfItConsents) {
  const ClusterMap map = with_members(founded(), 2);
  const StartEmpty start{.partition = 0, .at = id(2), .term = 1};
  const ClusterMap begun = after(map, {start});
  EXPECT_EQ(in_sync_of(begun), (Numbers{2}));
  EXPECT_EQ(first(begun).born, begun.epoch);
  const std::vector<Loss> lost = losses(map, begun);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].primaries, (std::vector<PartitionNumber>{0})) << "so a lease forbids it (L4)";
  ClusterMap durable = map;
  durable.durability = Durability::durable;
  EXPECT_NE(refusal_of(durable, {start}), "");
}

TEST(ClusterMapI9, OfACopyThatIsUpItsOwnNodeAloneAsksThat) {
  ClusterMap map = with_members(founded(), 2);
  const StartEmpty start{.partition = 0, .at = id(1), .term = 1};
  EXPECT_TRUE(may_ask(id(1), start, map));
  EXPECT_FALSE(may_ask(id(2), start, map));
  EXPECT_TRUE(may_ask(id(1), StartEmpty{.partition = 0, .at = id(2), .term = 1}, map));
  EXPECT_FALSE(may_ask(id(2), StartEmpty{.partition = 0, .at = id(2), .term = 1}, map)) << "it would be lost";
  map.members[map.slot_of(id(1))].state = MemberState::down;
  EXPECT_TRUE(may_ask(id(2), StartEmpty{.partition = 0, .at = id(2), .term = 1}, map));
  EXPECT_TRUE(may_ask(id(2), Remove{id(1)}, map));
}

TEST(ClusterMapJ4, OnlyAMemberThatHoldsNothingAndDoesNotVoteIsRemoved) {
  ClusterMap map = after(with_members(founded(), 3), {learn(0, 2)});
  EXPECT_NE(refusal_of(map, {Remove{id(3)}}), "") << "it is up";
  map = after(map, {down(1), leave(2), leave(3)});
  EXPECT_NE(refusal_of(map, {Remove{id(1)}}), "") << "it votes, and holds partitions";
  EXPECT_NE(refusal_of(map, {Remove{id(2)}}), "") << "it learns";
  map = after(map, {Remove{id(3)}, Join{member(4)}});
  EXPECT_EQ(map.slot_of(id(3)), kNoSlot);
  EXPECT_EQ(map.slot_of(id(4)), 3) << "a slot is given away in a later change only";
  map = after(map, {Join{member(5)}});
  EXPECT_EQ(map.slot_of(id(5)), 2);
}

// --- losses, of which L4 speaks --------------------------------------------------------------------------------------

TEST(ClusterMapLosses, DownAndANewBootAreLossesOfTheBoot) {
  const ClusterMap map = in_sync_at(with_members(founded(), 3), {2});
  for (const Request& request : {down(1), up(1, 2)}) {
    const std::vector<Loss> lost = losses(map, after(map, {request}));
    ASSERT_EQ(lost.size(), 1u);
    EXPECT_TRUE(lost[0].loses_boot);
    EXPECT_EQ(lost[0].primaries, (std::vector<PartitionNumber>{0}));
  }
  EXPECT_TRUE(losses(map, after(map, {learn(0, 3)})).empty());
}

// --- soundness -------------------------------------------------------------------------------------------------------

TEST(ClusterMapSlots, AMemberIsFoundWhateverTheHintsSay) {
  ClusterMap map = with_members(founded(), 40);
  const ClusterMap noted = map;
  map.hints = {};
  for (unsigned number = 1; number <= 40; ++number) {
    EXPECT_EQ(noted.slot_of(id(number)), slot(number));
    EXPECT_EQ(map.slot_of(id(number)), slot(number)) << "without hints";
  }
  map.hints = noted.hints;
  std::swap(map.members[3], map.members[7]);
  map.members[9].id = id(99);
  EXPECT_EQ(map.slot_of(id(4)), 7);
  EXPECT_EQ(map.slot_of(id(8)), 3);
  EXPECT_EQ(map.slot_of(id(99)), 9);
  EXPECT_EQ(map.slot_of(id(10)), kNoSlot);
  EXPECT_EQ(map.slot_of(id(41)), kNoSlot);
}

TEST(ClusterMapSoundness, MapsThatCannotBeAreTold) {
  const ClusterMap good = in_sync_at(with_members(founded(), 3), {2});
  EXPECT_EQ(unsoundness(good), "");
  const auto tells = [&](const auto& spoil) {
    ClusterMap map = good;
    spoil(map);
    return !unsoundness(map).empty();
  };
  EXPECT_TRUE(tells([](ClusterMap& map) { map.epoch = 0; }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.partitions.pop_back(); }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.copies = 0; }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.copies = kCopiesMax; }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.copies_min = 4; }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.members[1].id = map.members[0].id; }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.voters = {0, 1}; }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.voters = {7}; }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.partitions[0].primary = 2; }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.partitions[0].in_sync.clear(); }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.partitions[0].learners.push_back({.node = 1, .since = 1}); }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.partitions[0].term = 99; }));
  EXPECT_TRUE(tells([](ClusterMap& map) { map.members[1].state = MemberState::down; }));
}

TEST(ClusterMapSoundness, APartitionWithoutRoomForItsLearnersIsTold) {
  ClusterMap map = with_members(founded(), 12);
  for (Slot copy = 1; copy < 6; ++copy) map.partitions[0].in_sync.push_back(copy);
  for (Slot copy = 6; copy < 9; ++copy) map.partitions[0].learners.push_back({.node = copy, .since = 1});
  EXPECT_NE(unsoundness(map), "");
}

}  // namespace
}  // namespace p2p::cluster
