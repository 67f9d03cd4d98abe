// Whom do so many voters not hear that it can have no lease (E2)?
#include "cluster/member/witnesses.h"

#include "agreement_fixture.h"

#include <gtest/gtest.h>

namespace p2p::cluster {
namespace {

constexpr TimePoint kNow{std::chrono::seconds(1000)};

struct WitnessesTest : ::testing::Test {
  void say(unsigned voter, std::vector<NodeId> unheard, TimePoint at = kNow) {
    witnesses.note(id(voter), std::move(unheard), at);
  }
  bool is_lost(const ClusterMap& map, unsigned number, TimePoint at = kNow) const {
    return witnesses.is_lost(map, id(number), id(1), at);
  }

  Witnesses witnesses;
};

TEST_F(WitnessesTest, TheOnlyVoterDecidesAlone) { EXPECT_TRUE(is_lost(map_of(2, 1), 2)); }

TEST_F(WitnessesTest, OneOfThreeOrFiveThatDoesNotHearAMemberHasABrokenLink) {
  EXPECT_FALSE(is_lost(map_of(4, 3), 4));
  EXPECT_FALSE(is_lost(map_of(6, 5), 6));
  say(2, {id(5)});
  EXPECT_FALSE(is_lost(map_of(6, 5), 6));
}

TEST_F(WitnessesTest, WhoAMajorityDoesNotHearIsLost) {
  say(2, {id(6), id(4)});
  EXPECT_TRUE(is_lost(map_of(4, 3), 4));
  EXPECT_FALSE(is_lost(map_of(6, 5), 6));
  say(5, {id(6)});
  EXPECT_TRUE(is_lost(map_of(6, 5), 6));
}

TEST_F(WitnessesTest, AVoterThatIsDownHearsNobody) {
  const ClusterMap map = after(map_of(6, 5), {down(2), down(3)});
  EXPECT_TRUE(is_lost(map, 6));
}

TEST_F(WitnessesTest, WhatWasSaidIsTakenBackAndGrowsOld) {
  const ClusterMap map = map_of(4, 3);
  say(2, {id(4)});
  EXPECT_TRUE(is_lost(map, 4, kNow + kUnheardEvery));
  EXPECT_FALSE(is_lost(map, 4, kNow + kUnheardKept));
  say(2, {});
  EXPECT_FALSE(is_lost(map, 4));
}

TEST_F(WitnessesTest, OnlyVotersAreAsked) {
  say(4, {id(3)});
  EXPECT_FALSE(is_lost(map_of(4, 3), 3));
  say(2, {id(4)});
  ClusterMap map = map_of(5, 3);
  map.voters = {slot(1), slot(3), slot(5)};
  witnesses.begin(map);
  witnesses.begin(map_of(4, 3));  // it votes again, and has said nothing since
  EXPECT_FALSE(is_lost(map_of(4, 3), 4));
}

}  // namespace
}  // namespace p2p::cluster
