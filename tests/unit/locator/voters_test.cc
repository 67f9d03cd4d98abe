// Who should vote (A6)?
#include "planner_fixture.h"

#include <gtest/gtest.h>

namespace p2p::cluster {
namespace {

using Voters = std::vector<unsigned>;

class VotersTest : public testing::Test {
 protected:
  void look(const ClusterMap& map) { ages.observe(map, now); }

  // The voters after all changes of voters that are wanted; each change must be allowed, and there must be an end.
  Voters settled(ClusterMap& map) {
    for (int changes = 0; changes < 3; ++changes) {
      look(map);
      const std::optional<SetVoters> set = change_of_voters(map, ages, now, policy);
      if (!set) break;
      map = after(map, {*set});
      EXPECT_LT(changes, 2) << "voters do not come to rest";
    }
    Voters numbers;
    for (const Slot voter : map.voters) numbers.push_back(voter + 1u);
    return numbers;
  }

  Ages ages;
  Policy policy;
  TimePoint now{std::chrono::hours(1)};
};

TEST_F(VotersTest, OneForOneOrTwoMembersThreeForThreeOrFourFiveFromFiveOn) {
  const std::size_t wanted[] = {1, 1, 3, 3, 5, 5, 5};
  for (unsigned members = 1; members <= 7; ++members) {
    ClusterMap map = cluster_of(members);
    EXPECT_EQ(voters_wanted(members), wanted[members - 1]);
    EXPECT_EQ(settled(map).size(), wanted[members - 1]) << members;
    EXPECT_TRUE(map.is_voter(0)) << "who votes already is kept";
  }
}

TEST_F(VotersTest, VotersAreSpreadOverZones) {
  ClusterMap map = cluster_of(9, {}, [](unsigned number) { return number <= 5 ? "a" : number <= 7 ? "b" : "c"; });
  EXPECT_EQ(settled(map), (Voters{1, 2, 6, 7, 8}));
}

TEST_F(VotersTest, AZoneThatComesLaterGetsAVoteWhenTheOthersHoldMoreThanTheyNeed) {
  ClusterMap map = cluster_of(3, {}, [](unsigned) { return "a"; });
  EXPECT_EQ(settled(map), (Voters{1, 2, 3}));
  map = after(map, {Join{member(4, {.zone = "b"})}});
  EXPECT_EQ(settled(map), (Voters{1, 2, 4}));
}

TEST_F(VotersTest, OthersOfEqualMeritAreNoReasonForAChange) {
  ClusterMap map = cluster_of(12);
  map = after(map, {SetVoters{{id(1), id(5), id(7), id(9), id(11)}}});
  EXPECT_EQ(settled(map), (Voters{1, 5, 7, 9, 11}));
}

TEST_F(VotersTest, AVoterThatIsDownIsReplacedAfterAWhileAndTheOthersAreKept) {
  ClusterMap map = cluster_of(4);
  EXPECT_EQ(settled(map), (Voters{1, 2, 3}));
  map = after(map, {down(2)});
  EXPECT_EQ(settled(map), (Voters{1, 2, 3})) << "it may come back";
  now += policy.replace_voter_after;
  EXPECT_EQ(settled(map), (Voters{1, 3, 4}));
  map = after(map, {up(2, 1)});
  EXPECT_EQ(settled(map), (Voters{1, 3, 4})) << "and does not get its vote back";
}

TEST_F(VotersTest, AVoterThatIsDownStaysWhereNobodyCanReplaceIt) {
  ClusterMap map = cluster_of(3);
  EXPECT_EQ(settled(map), (Voters{1, 2, 3}));
  map = after(map, {down(2)});
  look(map);
  now += std::chrono::hours(1);
  EXPECT_EQ(settled(map), (Voters{1, 2, 3}));
}

TEST_F(VotersTest, AMemberThatIsDownGetsNoVote) {
  ClusterMap map = after(cluster_of(5), {down(4)});
  EXPECT_EQ(settled(map), (Voters{1, 2, 3})) << "four, of odd number";
}

TEST_F(VotersTest, ALeavingVoterIsReplacedAtOnce) {
  ClusterMap map = cluster_of(4);
  EXPECT_EQ(settled(map), (Voters{1, 2, 3}));
  map = after(map, {leave(1)});
  EXPECT_EQ(settled(map), (Voters{2, 3, 4}));
  map = after(map, {leave(2)});
  EXPECT_EQ(settled(map), (Voters{3})) << "of two members one votes";
  map = after(map, {leave(3), leave(4)});
  EXPECT_EQ(settled(map), (Voters{3})) << "the last one keeps its vote";
}

TEST_F(VotersTest, ALeavingVoterIsNotHeldBackByAMemberThatStaysDown) {
  ClusterMap map = cluster_of(4);
  EXPECT_EQ(settled(map), (Voters{1, 2, 3}));
  map = after(map, {down(4), leave(1)});
  look(map);
  now += std::chrono::hours(1);
  EXPECT_EQ(settled(map), (Voters{2})) << "of the two that could vote, an odd number";
}

TEST_F(VotersTest, TheVoterOfTwoMembersThatLeavesGivesItsVoteToTheOther) {
  ClusterMap map = after(cluster_of(2), {leave(1)});
  EXPECT_EQ(settled(map), (Voters{2}));
}

}  // namespace
}  // namespace p2p::cluster
