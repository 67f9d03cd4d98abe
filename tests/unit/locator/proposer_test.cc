// Rule A2, of one proposer: how a round ends, and when the next may begin.
#include "agreement_fixture.h"

#include "cluster/embedded/proposer.h"

namespace p2p::cluster {
namespace {

constexpr TimePoint kBegun{1000s};

class Round : public ::testing::Test {
 protected:
  void begin(const ClusterMap& map, TimePoint now = kBegun) {
    map_ = map;
    ballot_ = proposer_.begin(map_, Change{.requests = {Remove{id(9)}}}, {}, now).ballot;
  }
  bool promise(unsigned voter) {
    return proposer_.on_promised(map_, id(voter), {.slot = slot_, .ballot = ballot_}).has_value();
  }
  bool accept(unsigned voter) {
    return proposer_.on_accepted(map_, id(voter), {.slot = slot_, .ballot = ballot_}).has_value();
  }
  void refuse(unsigned voter) {
    proposer_.on_rejected(map_, id(voter), {.slot = slot_, .ballot = ballot_, .try_after = 1s});
  }
  // How long another round may not begin.
  Duration runs_for() { return proposer_.is_running(kBegun) ? proposer_.runs_until() - kBegun : Duration{}; }

  ClusterMap map_;
  const Epoch slot_ = 2;
  Ballot ballot_;
  Proposer proposer_{id(1), boot(1)};
};

TEST_F(Round, EndsWhenSoManyHaveRefusedThatNoMajorityIsLeft) {
  begin(map_of(5, 5));
  for (const unsigned voter : {1, 2, 3}) promise(voter);
  EXPECT_EQ(runs_for(), kRoundMax);
  refuse(2);
  refuse(2);  // twice, by the network
  refuse(3);
  EXPECT_EQ(runs_for(), kRoundMax) << "1, 4 and 5 may still accept";
  refuse(4);
  EXPECT_EQ(runs_for(), kRefusedRoundMax);
  EXPECT_FALSE(accept(1) || accept(5) || accept(2)) << "what comes late decides nothing here";
}

TEST_F(Round, IsEndedByRefusalsToPromiseToo) {
  begin(map_of(3, 3));
  refuse(1);
  EXPECT_EQ(runs_for(), kRoundMax);
  refuse(3);
  EXPECT_EQ(runs_for(), kRefusedRoundMax);
  EXPECT_FALSE(promise(1) || promise(2));
}

TEST_F(Round, OfOneVoterIsEndedByIt) {
  begin(map_of(2, 1));
  EXPECT_TRUE(promise(1));
  refuse(1);
  EXPECT_EQ(runs_for(), kRefusedRoundMax);
}

TEST_F(Round, IsEndedNeitherByWhoDoesNotVoteNorByWhoHasAcceptedNorByTheRoundBefore) {
  begin(map_of(5, 3));
  promise(1), promise(2);
  refuse(4), refuse(5);
  EXPECT_FALSE(accept(1));
  refuse(1), refuse(2);
  EXPECT_EQ(runs_for(), kRoundMax);
  EXPECT_TRUE(accept(3)) << "of two that accept, one refused a second copy of the question";

  begin(map_of(5, 3));
  const Ballot former = ballot_;
  begin(map_of(5, 3));
  const Ballot present = std::exchange(ballot_, former);
  refuse(1), refuse(2), refuse(3);
  ballot_ = present;
  EXPECT_GT(runs_for(), kRoundMax);
}

TEST_F(Round, ThatIsRefusedAgainAndAgainIsTriedEverLess) {
  std::vector<Duration> waits;
  for (int round = 0; round < 6; ++round) {
    begin(map_of(3, 3));
    refuse(1), refuse(2);
    waits.push_back(runs_for());
  }
  EXPECT_EQ(waits, (std::vector<Duration>{50ms, 100ms, 200ms, 400ms, 400ms, 400ms}));
}

TEST_F(Round, GivesWayToAHigherBallotAtOnce) {
  begin(map_of(3, 3));
  Ballot higher = ballot_;
  ++higher.round;
  proposer_.on_rejected(map_, id(2), {.slot = slot_, .ballot = ballot_, .promised = higher});
  EXPECT_EQ(runs_for(), Duration{});
}

// A death that is found while another change is refused for the sake of a lease does not wait for long (A4).
class RefusedRound : public AgreementTest {};

TEST_F(RefusedRound, IsFollowedByAnotherChangeSoon) {
  start(map_of(5, 5));
  run(400ms);
  cut_off(5);
  decide(1, {.requests = {Down{.node = id(2), .boot = boot(1)}}});  // it holds its lease
  EXPECT_EQ(epoch_at(1), 1u);
  EXPECT_TRUE(at(1).is_deciding(now(1)));
  wait(kRefusedRoundMax);
  EXPECT_FALSE(at(1).is_deciding(now(1)));
  for (const unsigned voter : {1, 2, 3, 4}) at(voter).note_ended(id(5), boot(1));
  decide(1, {.requests = {Down{.node = id(5), .boot = boot(1)}}});
  EXPECT_EQ(epoch_at(1), 2u);
}

}  // namespace
}  // namespace p2p::cluster
