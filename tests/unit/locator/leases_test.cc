// Rules L1 to L7, each with the schedule that needs it (decision 27).
#include "agreement_fixture.h"

namespace p2p::cluster {
namespace {

class Leases : public AgreementTest {
 protected:
  static Change down(unsigned number) { return {.requests = {Down{.node = id(number), .boot = boot(1)}}}; }
  static Change voters(const std::vector<unsigned>& numbers) {
    SetVoters set;
    for (const unsigned number : numbers) set.voters.push_back(id(number));
    return {.requests = {set}};
  }
  bool is_up(unsigned number, unsigned by) {
    const ClusterMap& map = *at(by).latest();
    return map.is_up(map.slot_of(id(number)));
  }
};

class NewestMaps : public Leases {
 protected:
  static Change heavier(unsigned number) { return {.requests = {Describe{.node = id(number), .weight = 50}}}; }
};

TEST_F(Leases, AreHeldByWhoAsks) {
  start(map_of(3, 3));
  run(400ms);
  for (const unsigned number : {1, 2, 3}) EXPECT_TRUE(holds_lease(number)) << number;
}

TEST_F(Leases, RunOutWithoutAMajority) {  // L3
  start(map_of(3, 3));
  run(400ms);
  cut_off(2);
  run(1450ms);
  EXPECT_FALSE(holds_lease(2));
  EXPECT_TRUE(holds_lease(1));
}

TEST_F(Leases, OfANodeThatHangsRunOut) {  // L1
  start(map_of(3, 3));
  run(400ms);
  at(2).set_healthy(false);
  run(1500ms);
  EXPECT_FALSE(holds_lease(2));
  at(2).set_healthy(true);
  run(400ms);
  EXPECT_TRUE(holds_lease(2));
}

TEST_F(Leases, ForbidToTakeAMembersPrimaries) {  // L4
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  decide(2, down(1));
  EXPECT_TRUE(is_up(1, 2));
  run(1600ms, {1});
  decide(2, down(1));
  EXPECT_FALSE(is_up(1, 2));
  EXPECT_FALSE(holds_lease(1));
}

TEST_F(Leases, EndWithProofThatTheProcessHas) {  // L4
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  for (const unsigned number : {2, 3}) at(number).note_ended(id(1), {.number = 1});
  decide(2, down(1));
  EXPECT_FALSE(is_up(1, 2));
}

TEST_F(Leases, AreNotEndedByProofAboutAnEarlierBoot) {  // L4: "refused" of a connect begun before the node came back
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  for (const unsigned number : {2, 3}) at(number).note_ended(id(1), {.number = 0});
  decide(2, down(1));
  EXPECT_TRUE(is_up(1, 2));
}

TEST_F(Leases, AVoterOfOneDoesNotWaitForItself) {  // L4: its own new boot is proof
  start(map_of(1, 1));
  run(400ms);
  restart(1);
  decide(1, {.requests = {Up{.node = id(1), .boot = boot(2), .address = member(1).address}}});
  EXPECT_EQ(epoch_at(1), 2U);
}

TEST_F(Leases, AreNotGivenToWhomAChangeThatMayBeDecidedTakesFrom) {  // L5
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  run(1600ms, {1});  // promises to 1 have run out
  half_decide(2, down(1));
  cut(3, 2);
  sync(3);  // decided by 2 and 3, and nobody knows it
  ASSERT_EQ(epoch_at(2), 1U);
  mend();
  tick(1);
  EXPECT_FALSE(holds_lease(1));
  run(500ms);
  EXPECT_FALSE(is_up(1, 3));
}

TEST_F(Leases, AreNotGivenToThemByAVoterThatHasRestartedEither) {  // L5: from disk
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  run(1600ms, {1});
  half_decide(2, down(1));
  cut(3, 2);
  sync(3);
  restart(3);
  // The lease would come from 1 itself and 3.
  mend_all_but({{1, 2}, {2, 1}, {2, 3}, {3, 2}});
  tick(1);
  EXPECT_FALSE(holds_lease(1));
}

TEST_F(Leases, WaitForTheEndOfAChangeOfVoters) {  // L5, A4
  start(map_of(5, 3));
  run(400ms);
  half_decide(1, voters({1, 4, 5}));
  cut_off(1);
  sync(2);
  sync(3);
  const TimePoint before = at(4).lease_held_until();
  wait(250ms);  // shorter than A4 waits
  tick(4);
  wait(150ms);
  EXPECT_EQ(at(4).lease_held_until(), before);
  run(1500ms, {1});
  EXPECT_EQ(epoch_at(2), 2U);
  mend();
  run(2s);
  for (const unsigned number : {1, 2, 3, 4, 5}) EXPECT_TRUE(holds_lease(number)) << number;
}

// --- until when the own map is known to have been the newest (decision 40) ---

TEST_F(NewestMaps, AreKnownFromTheLastAnswersOfAMajority) {
  start(map_of(3, 3));
  run(400ms);
  EXPECT_GT(at(2).newest_at(), now(2) - 400ms);
  EXPECT_LE(at(2).newest_at(), now(2));
  cut_off(2);
  run(600ms);
  EXPECT_LE(at(2).newest_at(), now(2) - 600ms);
}

TEST_F(NewestMaps, AreKnownOfNobodyBeforeAnyVoterHasAnswered) {
  start(map_of(3, 3));
  cut_off(2);
  restart(2);
  tick(2);
  EXPECT_EQ(at(2).newest_at(), TimePoint::min());
}

TEST_F(NewestMaps, AreNotToldByVotersThatHaveAcceptedAChange) {
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  half_decide(2, heavier(2));
  cut(3, 2);
  sync(3);  // decided by 2 and 3, and nobody knows it
  ASSERT_EQ(epoch_at(2), 1U);
  const TimePoint decided_at = now(1);
  mend_all_but({{2, 3}, {3, 2}});
  for (int times = 0; times < 10; ++times) {
    wait(50ms);
    tick(1);
  }
  EXPECT_TRUE(holds_lease(1));  // it takes nothing from 1, so 1 is granted leases
  EXPECT_LE(at(1).newest_at(), decided_at);
}

TEST_F(NewestMaps, AreNotToldToWhoIsBehind) {
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  decide(2, heavier(2));
  ASSERT_EQ(epoch_at(2), 2U);
  const TimePoint decided_at = now(1);
  wait(400ms);
  mend();
  cut(2, 1);
  cut(3, 1);
  tick(1);  // its requests arrive, from an older epoch
  EXPECT_LE(at(1).newest_at(), decided_at);
  mend();
  run(400ms);
  EXPECT_EQ(epoch_at(1), 2U);
  EXPECT_GT(at(1).newest_at(), decided_at);
}

// Grants of a voter that was none for a while are old, or there are none.
TEST_F(Leases, AreAskedForAtOnceWhereTheVotersHaveChanged) {  // L1, L3
  start(map_of(3, 1));
  run(400ms);
  decide(1, voters({1, 2, 3}));
  ASSERT_EQ(at(2).latest()->voters.size(), 3U);
  EXPECT_EQ(at(2).next_wakeup(), TimePoint::min());
  for (const unsigned number : {1, 2, 3}) tick(number);
  for (const unsigned number : {1, 2, 3}) EXPECT_TRUE(holds_lease(number)) << number;
}

TEST_F(Leases, AreNotGrantedUnderAnotherEpoch) {  // L2
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  decide(2, {.requests = {Describe{.node = id(2), .weight = 50}}});
  const TimePoint before = at(1).lease_held_until();
  wait(400ms);
  mend();
  cut(2, 1);
  cut(3, 1);
  tick(1);  // its requests arrive, from an older epoch
  EXPECT_EQ(at(1).lease_held_until(), before);
  EXPECT_LT(at(2).promised_until(id(1)), now(2) + 1200ms);
}

TEST_F(Leases, AreFearedByNewVoters) {  // L6
  start(map_of(5, 3));
  run(400ms);
  cut_off(1);
  decide(2, voters({2, 4, 5}));
  ASSERT_EQ(epoch_at(4), 2U);
  ASSERT_TRUE(holds_lease(1));
  decide(4, down(1));
  EXPECT_TRUE(is_up(1, 4));
  run(1700ms, {1});
  decide(4, down(1));
  EXPECT_FALSE(is_up(1, 4));
}

TEST_F(Leases, AreFearedByKeptVotersToo) {  // L6: voters 1..5, the lease of 1 from {1, 2, 3}; then {3, 4, 5} vote
  start(map_of(5, 5));
  cut(1, 4);
  cut(1, 5);
  run(3s);  // what 4 and 5 promised to 1 has run out
  ASSERT_TRUE(holds_lease(1));
  cut_off(1);
  decide(3, voters({3, 4, 5}));
  ASSERT_EQ(epoch_at(4), 2U);
  decide(4, down(1));
  EXPECT_TRUE(holds_lease(1));
  EXPECT_TRUE(is_up(1, 4));
}

TEST_F(Leases, AreFearedByAVoterThatHasRestarted) {  // L6
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  restart(2);
  restart(3);
  decide(2, down(1));
  EXPECT_TRUE(is_up(1, 2));
}

TEST_F(Leases, AreNotRenewedForeverBesideAChangeThatTheyBlock) {  // L7
  start(map_of(3, 3));
  run(400ms);
  // 2 goes on renewing, while 1 wants it down: who refuses to accept because of it renews no more.
  cut(2, 1);
  cut(1, 2);
  for (int turn = 0; turn < 80 && is_up(2, 1); ++turn) {
    decide(1, down(2));
    run(50ms);
  }
  EXPECT_FALSE(is_up(2, 1));
}

TEST_F(Leases, HoldOverClocksThatRunApartByTheRatio) {  // L3
  node(1).clock_rate = 0.976;
  node(2).clock_rate = node(3).clock_rate = 1.024;
  start(map_of(3, 3));
  run(400ms);
  cut_off(1);
  for (int turn = 0; turn < 60; ++turn) {
    run(50ms, {1});
    decide(2, down(1));
    EXPECT_FALSE(holds_lease(1) && !is_up(1, 2)) << turn;
  }
  EXPECT_FALSE(is_up(1, 2));
}

TEST_F(Leases, AreNoHindranceWhereThePrimaryHasConsented) {  // H1
  start(map_of(3, 3));
  run(400ms);
  const Change move{.requests = {MovePrimary{.partition = 1, .to = id(2), .term = 1}}};
  decide(3, move);
  run(100ms);
  EXPECT_EQ(epoch_at(3), 1U);
  at(1).set_consents({{.partition = 1, .term = 1}});
  run(400ms);
  decide(3, move);
  EXPECT_EQ(at(3).latest()->partitions[1].primary, 1);
  EXPECT_EQ(at(3).latest()->partitions[0].primary, 0);
}

TEST_F(Leases, ConsentToAMoveIsNoneToADeath) {  // H1
  start(map_of(3, 3));
  run(400ms);
  at(1).set_consents({{.partition = 0, .term = 1}, {.partition = 1, .term = 1}});
  run(400ms);
  decide(2, down(1));
  EXPECT_TRUE(is_up(1, 2));
}

}  // namespace
}  // namespace p2p::cluster
