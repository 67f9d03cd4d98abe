// Rule J5: what an operator's recovery makes of a map, when it is refused, and who takes part in which generation
// (decision 30).
#include "agreement_fixture.h"

#include "cluster/member/recovery_plan.h"

namespace p2p::cluster {
namespace {

constexpr Epoch kFirst = kEpochsOfGeneration + kEpochsOfRecovery + 1;  // of generation 1, with draw 1

class Recovering : public AgreementTest {
 protected:
  static Change down(unsigned number) { return {.requests = {Down{.node = id(number), .boot = boot(1)}}}; }
  const ClusterMap& map_at(unsigned number) { return *at(number).latest(); }
  bool is_member(unsigned number, unsigned by) { return map_at(by).slot_of(id(number)) != kNoSlot; }
  // Of five members that vote, 1 to 3 are lost.
  void lose_a_majority() {
    start(map_of(5, 5));
    run(400ms);
    for (const unsigned lost : {1, 2, 3}) cut_off(lost);
    run(2s, {1, 2, 3});
  }
  static Recovery recovery(const std::vector<unsigned>& survivors) {
    Recovery made{.by = id(survivors.front()), .survivors = {}, .voters = {id(survivors.front())}, .draw = 1};
    for (const unsigned survivor : survivors) made.survivors.push_back(id(survivor));
    return made;
  }
};

// --- the map ---------------------------------------------------------------------------------------------------------

TEST(RecoveredMap, IsOfTheNextGenerationWithoutTheVotersThatAreGivenUp) {
  ClusterMap map = map_of(5, 3);
  const auto next =
      recovered(map, {.by = id(4), .survivors = {id(3), id(4), id(5)}, .voters = {id(3), id(4), id(5)}, .draw = 1});
  ASSERT_TRUE(next.ok()) << next.error().text;
  const ClusterMap& is = next.value();
  EXPECT_EQ(unsoundness(is), "");
  EXPECT_EQ(is.generation, 1u);
  EXPECT_EQ(is.epoch, kFirst);
  EXPECT_EQ(is.voters_since, kFirst);
  EXPECT_EQ(is.recovered_from, map.epoch);
  EXPECT_EQ(is.recovered_by, id(4));
  EXPECT_EQ(is.confirmers, (std::vector<Slot>{slot(3), slot(5)}));
  EXPECT_EQ(is.voters, (std::vector<Slot>{slot(3), slot(4), slot(5)}));
  EXPECT_EQ(is.slot_of(id(1)), kNoSlot);
  EXPECT_EQ(is.partitions[0].primary, slot(3));
  EXPECT_EQ(is.partitions[0].term, kFirst);
  EXPECT_EQ(is.partitions[0].born, map.partitions[0].born) << "its data is there";

  const ClusterMap open = opened(is);
  EXPECT_EQ(unsoundness(open), "");
  EXPECT_FALSE(open.is_recovering());
  EXPECT_TRUE(open.confirmers.empty());
  EXPECT_EQ(open.epoch, kFirst + 1);
  EXPECT_EQ(open.voters_since, kFirst + 1);
  EXPECT_EQ(open.partitions, is.partitions);
}

TEST(RecoveredMap, BeginsEmptyWhatOnlyThoseHadThatAreGivenUp) {
  ClusterMap map = map_of(4, 3);
  map.partitions[1].in_sync = {slot(1), slot(2)};
  map.partitions[1].learners = {{.node = slot(4), .since = 1}};
  EXPECT_EQ(lost_with(map, {slot(1), slot(2)}), std::vector<std::uint32_t>{1});
  const auto next = recovered(map, {.by = id(3), .survivors = {id(3), id(4)}, .voters = {id(3)}, .draw = 1});
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next.value().partitions[1].born, kFirst);
  EXPECT_EQ(next.value().partitions[1].in_sync.size(), 1u);
  EXPECT_TRUE(next.value().partitions[1].learners.empty()) << "what they have is of a history that has ended (M2)";
  EXPECT_EQ(next.value().partitions[0].born, 1u);
  EXPECT_EQ(next.value().partitions[0].primary, slot(3));
}

TEST(RecoveredMap, HasANewTermEverywhereAndNoLearners) {
  ClusterMap map = map_of(5, 3);
  map.partitions[1].primary = slot(4);
  map.partitions[1].in_sync = {slot(4), slot(5)};  // nobody of them is given up
  map.partitions[1].learners = {{.node = slot(3), .since = 1}};
  const ClusterMap next =
      recovered(map, {.by = id(4), .survivors = {id(4), id(5)}, .voters = {id(4)}, .draw = 1}).value();
  for (const Partition& partition : next.partitions) {
    EXPECT_EQ(partition.term, kFirst) << "what was written by who knew more is of another term";
    EXPECT_TRUE(partition.learners.empty());
  }
  EXPECT_EQ(next.partitions[1].primary, slot(4));
  EXPECT_EQ(next.partitions[1].in_sync.size(), 2u);
  EXPECT_EQ(next.partitions[1].born, 1u);
}

TEST(RecoveredMap, TellsWhatOfTheFormerGenerationCounts) {
  ClusterMap map = map_of(3, 3);
  map.epoch = 100;
  EXPECT_EQ(acted_by(map), 100u);
  EXPECT_TRUE(descends_from(map, 100));
  EXPECT_FALSE(descends_from(map, 101));
  const Recovery recovery{.by = id(3), .survivors = {id(3)}, .voters = {id(3)}, .draw = 1};
  const ClusterMap closed = recovered(map, recovery).value();
  EXPECT_EQ(acted_by(closed), 100u) << "nobody acts by it yet";
  const ClusterMap open = opened(closed);
  EXPECT_EQ(acted_by(open), open.epoch);
  for (const ClusterMap& next : {closed, open}) {
    EXPECT_TRUE(descends_from(next, 100));
    EXPECT_FALSE(descends_from(next, 101)) << "decided by voters that are given up";
    EXPECT_TRUE(descends_from(next, closed.epoch));
    EXPECT_FALSE(descends_from(next, closed.epoch + kEpochsOfRecovery)) << "of another recovery";
  }
  EXPECT_FALSE(descends_from(recovered(open, recovery).value(), 100)) << "two generations ago: it does not tell";
  EXPECT_TRUE(descends_from(recovered(closed, recovery).value(), 100)) << "the one between was never acted by";
  ClusterMap old = map;
  old.epoch = 3 * kEpochsOfRecovery;
  EXPECT_TRUE(descends_from(old, 100)) << "without a recovery there is one history";
}

TEST(RecoveredMap, GoesOnAboveTheOneBefore) {
  const ClusterMap map = map_of(5, 3);
  const Recovery first{.by = id(4), .survivors = {id(4)}, .voters = {id(4)}, .draw = 1};
  const ClusterMap closed = recovered(map, first).value();
  EXPECT_EQ(closed.given_up, (std::vector<NodeId>{id(1), id(2), id(3)}));
  EXPECT_TRUE(opened(closed).given_up.empty());
  ClusterMap newer = map;
  newer.epoch = 2;
  newer.voters = {slot(2), slot(3), slot(4)};
  Recovery again = first;
  again.draw = place_of(closed.epoch);
  again.given_up = closed.given_up;
  again.above = closed.epoch;
  const ClusterMap next = recovered(newer, again).value();
  EXPECT_EQ(next.epoch, closed.epoch + 1);
  EXPECT_EQ(next.generation, closed.generation);
  EXPECT_EQ(next.recovered_from, 2u);
  EXPECT_EQ(next.slot_of(id(1)), kNoSlot) << "given up, though it votes no more";
  EXPECT_EQ(next.given_up, closed.given_up);
  again.above = 3 * kEpochsOfGeneration + 1;
  EXPECT_EQ(recovered(newer, again).value().generation, 3u) << "a generation never goes back";
}

TEST(RecoveredMap, IsMadeBySurvivorsOfSurvivors) {
  const ClusterMap map = map_of(4, 3);
  const auto is_made = [&](const Recovery& recovery) { return recovered(map, recovery).ok(); };
  EXPECT_TRUE(is_made({.by = id(3), .survivors = {id(3)}, .voters = {id(3)}}));
  EXPECT_FALSE(is_made({.by = id(4), .survivors = {id(3)}, .voters = {id(3)}}));
  EXPECT_FALSE(is_made({.by = id(3), .survivors = {id(3), id(9)}, .voters = {id(3)}}));
  EXPECT_FALSE(is_made({.by = id(3), .survivors = {id(3)}, .voters = {id(4)}}));
  EXPECT_FALSE(is_made({.by = id(3), .survivors = {id(3), id(4)}, .voters = {id(3), id(4)}}));
  EXPECT_FALSE(is_made({.by = id(3), .survivors = {id(3)}, .voters = {}}));
}

TEST(RecoveredMap, HasEpochsThatNoOtherRecoveryHas) {
  const ClusterMap map = map_of(3, 3);
  const auto first = [](const ClusterMap& from, std::uint64_t draw) {
    return recovered(from, {.by = id(3), .survivors = {id(3)}, .voters = {id(3)}, .draw = draw}).value();
  };
  EXPECT_EQ(first(map, 2).epoch, first(map, 1).epoch + kEpochsOfRecovery);
  EXPECT_EQ(first(map, 1 + kRecoveriesOfGeneration).epoch, first(map, 1).epoch);
  const ClusterMap late = opened(first(map, kRecoveriesOfGeneration - 1));
  EXPECT_GT(first(late, 0).epoch, late.epoch + kEpochsOfRecovery - 2) << "a later generation is above";
  ClusterMap far = map;
  far.epoch = kEpochsOfGeneration * 2;
  EXPECT_EQ(first(far, 0).epoch, far.epoch + 1) << "an epoch never goes back";
}

// --- when it is refused ----------------------------------------------------------------------------------------------

std::string refusal(const ClusterMap& map, const std::vector<NodeId>& named, const Answers& answers) {
  const auto plan = plan_recovery(map, id(4), named, answers);
  return plan.ok() ? "" : plan.error().text;
}

TEST(RecoveryPlan, GoesOnWithThoseThatAnswer) {
  const ClusterMap map = map_of(5, 3);
  const auto plan = plan_recovery(map, id(4), {}, {{id(3), 1}, {id(5), 1}});
  ASSERT_TRUE(plan.ok()) << plan.error().text;
  EXPECT_EQ(plan.value().epoch, map.epoch);
  EXPECT_EQ(plan.value().given_up, (std::vector<Slot>{slot(1), slot(2)}));
  EXPECT_EQ(plan.value().recovery.by, id(4));
  EXPECT_EQ(plan.value().recovery.survivors, (std::vector<NodeId>{id(3), id(4), id(5)}));
  EXPECT_EQ(plan.value().recovery.voters, (std::vector<NodeId>{id(4), id(3), id(5)}));
  EXPECT_TRUE(plan.value().lost.empty());
}

TEST(RecoveryPlan, OfTwoSurvivorsTheOneThatRecoversVotes) {
  const auto plan = plan_recovery(map_of(5, 3), id(4), {}, {{id(3), 1}});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value().recovery.voters, std::vector<NodeId>{id(4)});
}

TEST(RecoveryPlan, IsRefusedWhileAMajorityIsThere) {
  EXPECT_NE(refusal(map_of(5, 3), {}, {{id(1), 1}, {id(2), 1}}).find("nothing to recover: 2 of 3 voters answer"),
            std::string::npos);
  EXPECT_EQ(refusal(map_of(5, 3), {}, {{id(1), 1}}), "");
  EXPECT_NE(refusal(map_of(5, 5), {}, {{id(1), 1}, {id(2), 1}}), "") << "this node votes, too";
}

TEST(RecoveryPlan, IsRefusedWhereSomebodyKnowsMore) {
  const std::string why = refusal(map_of(5, 3), {}, {{id(5), 2}});
  EXPECT_NE(why.find(address(5).name() + " knows epoch 2"), std::string::npos) << why;
  EXPECT_NE(refusal(map_of(5, 3), {id(4)}, {{id(5), 2}}), "") << "also if it is not named";
}

TEST(RecoveryPlan, IsRefusedWithoutASurvivorOrThisNodeOrAVoterThatAnswers) {
  const ClusterMap map = map_of(5, 3);
  EXPECT_NE(refusal(map, {id(4), id(5)}, {{id(3), 1}}).find("does not answer"), std::string::npos);
  EXPECT_NE(refusal(map, {id(3)}, {{id(3), 1}}).find("none of the survivors"), std::string::npos);
  EXPECT_NE(refusal(map, {id(4)}, {{id(3), 1}}).find("would be given up"), std::string::npos);
  EXPECT_NE(refusal(map, {id(4), id(9)}, {{id(3), 1}}).find("is no member"), std::string::npos);
  EXPECT_EQ(refusal(map, {id(4), id(3)}, {{id(3), 1}, {id(5), 1}}), "") << "who does not vote need not be named";
}

TEST(RecoveryPlan, OfOneThatIsStuckIsAllowedOnlyWhenSomebodyIsMissing) {
  ClusterMap map =
      recovered(map_of(5, 3), {.by = id(4), .survivors = {id(3), id(4)}, .voters = {id(4)}, .draw = 1}).value();
  EXPECT_NE(refusal(map, {}, {{id(3), map.epoch}, {id(5), 1}}).find("under way"), std::string::npos);
  EXPECT_EQ(refusal(map, {}, {{id(5), 1}}), "");
}

// --- who takes part --------------------------------------------------------------------------------------------------

TEST_F(Recovering, GoesOnWithTheSurvivors) {
  lose_a_majority();
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  EXPECT_EQ(map_at(4).epoch, kFirst);
  EXPECT_EQ(map_at(5).epoch, kFirst);
  EXPECT_FALSE(holds_lease(4));
  run(1500ms, {1, 2, 3});
  EXPECT_EQ(map_at(5).epoch, kFirst) << "leases of the generation before may run";
  run(400ms, {1, 2, 3});
  EXPECT_EQ(map_at(4).epoch, kFirst + 1);
  EXPECT_EQ(map_at(5).epoch, kFirst + 1);
  run(400ms, {1, 2, 3});
  EXPECT_TRUE(holds_lease(4));
  EXPECT_TRUE(holds_lease(5));
  decide(4, {.requests = {Describe{.node = id(5), .weight = 7}}});
  EXPECT_EQ(map_at(5).epoch, kFirst + 2);
}

TEST_F(Recovering, OldVotersFindTheNewerGenerationAndAreMembersNoMore) {
  lose_a_majority();
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  run(2s, {1, 2, 3});
  mend();
  run(1s);
  for (const unsigned old : {1, 2, 3}) {
    EXPECT_EQ(map_at(old).generation, 1u) << old;
    EXPECT_FALSE(is_member(old, old)) << old;
    EXPECT_FALSE(at(old).is_voter()) << old;
    EXPECT_FALSE(holds_lease(old)) << old;
  }
}

// Two of the three come back, and would be a majority with one survivor.
TEST_F(Recovering, NoSurvivorHelpsTheOldGeneration) {
  lose_a_majority();
  mend_all_but({{4, 5}, {5, 4}, {3, 1}, {1, 3}, {3, 2}, {2, 3}, {3, 4}, {4, 3}, {3, 5}, {5, 3}});
  cut(4, 1), cut(1, 4), cut(4, 2), cut(2, 4);
  for (const unsigned other : {1, 2}) cut(other, 5), cut(5, other);
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  run(5s, {1, 2, 3});
  EXPECT_EQ(map_at(4).epoch, kFirst) << "5 has not left the former generation, which so stays closed";
  EXPECT_FALSE(holds_lease(4));
  mend_all_but({{4, 1}, {1, 4}, {4, 2}, {2, 4}});
  cut(3, 1), cut(1, 3), cut(3, 2), cut(2, 3);
  run(2s, {3});
  EXPECT_EQ(map_at(4).epoch, kFirst + 1);
  decide(1, down(3));
  EXPECT_EQ(map_at(1).generation, 1u) << "1 hears of it from 5";
}

TEST_F(Recovering, ARestartOfWhoRecoversGoesOnWithIt) {
  lose_a_majority();
  cut_off(5);
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  restart(4);
  EXPECT_EQ(map_at(4).epoch, kFirst);
  mend_all_but({});
  for (const unsigned lost : {1, 2, 3}) cut_off(lost);
  run(2s, {1, 2, 3});
  EXPECT_EQ(map_at(5).epoch, kFirst + 1);
}

TEST_F(Recovering, ACrashBeforeItIsOnDiskLeavesTheOldGeneration) {
  lose_a_majority();
  node(4).syncs_left = 0;
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  EXPECT_EQ(map_at(5).generation, 0u) << "nobody is told before the disk has it";
  EXPECT_FALSE(at(4).is_voter()) << "and who recovers promises nothing any more";
  EXPECT_FALSE(recover(4, {4}, {4}).ok()) << "one at a time";
  node(4).syncs_left = kAlways;
  restart(4);
  EXPECT_EQ(map_at(4).generation, 0u);
  EXPECT_TRUE(at(4).is_voter());
}

TEST_F(Recovering, ASurvivorConfirmsWhenItsDiskHasIt) {
  lose_a_majority();
  node(5).syncs_left = 0;
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  run(4s, {1, 2, 3});
  EXPECT_EQ(map_at(4).epoch, kFirst) << "it is not known to have left the former generation";
  sync(5);
  run(2s, {1, 2, 3});
  EXPECT_EQ(map_at(4).epoch, kFirst + 1);
}

TEST_F(Recovering, OfTwoAtOnceOneYields) {
  lose_a_majority();
  cut(4, 5), cut(5, 4);
  ASSERT_TRUE(recover(4, {4}, {4}, 1).ok());
  ASSERT_TRUE(recover(5, {5}, {5}, 2).ok());
  run(3s, {1, 2, 3});
  EXPECT_TRUE(holds_lease(4));
  EXPECT_TRUE(holds_lease(5));
  mend_all_but({});
  for (const unsigned lost : {1, 2, 3}) cut_off(lost);
  at(5).set_consents({});
  run(1s, {1, 2, 3});
  // Neither is a member in the other's map: they meet as strangers, by any message.
  const Reply reply = at(5).acknowledgement({.node = id(4), .boot = boot(1), .epoch = epoch_at(4)});
  ASSERT_TRUE(reply.update);
  AgreementEffects effects;
  at(4).on_reply({.node = id(5), .boot = boot(1), .epoch = epoch_at(5)}, reply, now(4), effects);
  EXPECT_NE(epoch_at(4), epoch_at(5));
  EXPECT_EQ(at(4).voided_by(), at(5).latest()) << "what it decided is void";
  EXPECT_FALSE(holds_lease(4));
  EXPECT_FALSE(at(4).is_voter());
}

// Six members, of which 1 to 5 vote; 1 to 3 are cut off from 4 and 5, and decide with 6 what those never hear of.
class KnowingMore : public Recovering {
 protected:
  void SetUp() override {
    start(map_of(6, 5));
    run(400ms);
    for (const unsigned survivor : {4, 5})
      for (const unsigned other : {1, 2, 3, 6}) cut(survivor, other), cut(other, survivor);
    decide(1, weight(7));
    ASSERT_EQ(epoch_at(6), 2u);
    ASSERT_EQ(epoch_at(4), 1u);
    for (const unsigned lost : {1, 2, 3}) cut_off(lost);
  }
  static Change weight(std::uint32_t weight) { return {.requests = {Describe{.node = id(5), .weight = weight}}}; }
  // 1 to 3 are lost; all others hear each other again.
  void meet() {
    mend();
    for (const unsigned lost : {1, 2, 3}) cut_off(lost);
  }
  std::uint32_t weight_at(unsigned number) { return map_at(number).at(slot(5)).weight; }
};

TEST_F(KnowingMore, WhoWasNotNamedBeginsAnew) {
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  run(2500ms, {1, 2, 3});
  ASSERT_EQ(map_at(4).epoch, kFirst + 1);
  meet();
  run(500ms, {1, 2, 3});
  EXPECT_EQ(epoch_at(6), 2u) << "after a restart it is told, and begins anew, as well";
  EXPECT_EQ(node(6).on_disk.map->epoch, 2u);
  ASSERT_NE(at(6).voided_by(), nullptr);
  EXPECT_EQ(at(6).voided_by()->generation, 1u);
  EXPECT_FALSE(holds_lease(6));
  EXPECT_NE(weight_at(4), 7u);
}

TEST_F(KnowingMore, NobodyBeginsAnewForAGenerationThatIsNotOpen) {
  cut(4, 5), cut(5, 4);
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  meet();
  cut(4, 5), cut(5, 4);
  run(1s, {1, 2, 3});
  EXPECT_EQ(epoch_at(4), kFirst);
  EXPECT_EQ(epoch_at(6), 2u);
  EXPECT_EQ(at(6).voided_by(), nullptr) << "it may still be made from what it knows";
}

// It has learnt it between the operator's survey and the request to adopt.
TEST_F(KnowingMore, WhatASurvivorKnowsCounts) {
  meet();
  ASSERT_TRUE(recover(4, {4, 5, 6}, {4, 5, 6}).ok());
  EXPECT_EQ(map_at(4).epoch, kFirst + 1) << "made anew, from what 6 knows";
  EXPECT_TRUE(map_at(4).is_recovering());
  EXPECT_EQ(map_at(4).recovered_from, 2u);
  EXPECT_EQ(map_at(5).epoch, kFirst + 1);
  EXPECT_EQ(map_at(6).epoch, kFirst + 1);
  run(2500ms, {1, 2, 3});
  EXPECT_EQ(map_at(4).epoch, kFirst + 2);
  for (const unsigned survivor : {4, 5, 6}) {
    EXPECT_EQ(map_at(survivor).voters, (std::vector<Slot>{slot(4), slot(5), slot(6)}));
    EXPECT_EQ(weight_at(survivor), 7u) << survivor;
    EXPECT_EQ(at(survivor).voided_by(), nullptr) << survivor;
    EXPECT_TRUE(holds_lease(survivor)) << survivor;
    EXPECT_FALSE(is_member(1, survivor));
  }
}

TEST_F(KnowingMore, WhatASurvivorKnowsCountsAfterARestartOfWhoRecovers) {
  ASSERT_TRUE(recover(4, {4, 5, 6}, {4, 5, 6}).ok());
  restart(4);
  meet();
  run(2500ms, {1, 2, 3});
  EXPECT_EQ(map_at(4).epoch, kFirst + 2);
  EXPECT_EQ(weight_at(5), 7u);
  EXPECT_FALSE(is_member(2, 4));
}

TEST_F(KnowingMore, NobodyGoesOnWhereOthersVoteThanWereConfirmed) {
  mend();
  for (const unsigned survivor : {4, 5})
    for (const unsigned other : {1, 2, 3, 6}) cut(survivor, other), cut(other, survivor);
  decide(1, {.requests = {SetVoters{.voters = {id(1), id(2), id(6)}}}});
  ASSERT_EQ(epoch_at(6), 3u);
  cut_off(6);
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  AgreementEffects effects;
  at(4).on_reply({.node = id(5), .boot = boot(1), .epoch = 3},
                 {.body = NotAdopted{}, .update = MapUpdate{.map = at(6).latest()}}, now(4), effects);
  EXPECT_TRUE(effects.saves.empty()) << "6 votes there, and was neither named nor given up";
  EXPECT_EQ(at(4).irreconcilable(), id(5));
}

TEST_F(KnowingMore, TheMapIsMadeAnewOnlySoOften) {
  cut_off(5), cut_off(6);
  ASSERT_TRUE(recover(4, {4, 5, 6}, {4}).ok());
  ClusterMap newer = map_at(6);
  for (std::size_t round = 0; round <= kDecreesMax; ++round, ++newer.epoch) {
    AgreementEffects effects;
    at(4).on_reply({.node = id(6), .boot = boot(1), .epoch = newer.epoch},
                   {.body = NotAdopted{}, .update = MapUpdate{.map = std::make_shared<const ClusterMap>(newer)}},
                   now(4), effects);
    ASSERT_EQ(effects.saves.size(), round < kDecreesMax ? 1u : 0u) << round;
    if (round == kDecreesMax) break;
    at(4).on_saved(effects.saves[0].id, now(4), effects);
    EXPECT_EQ(epoch_at(4), kFirst + 1 + round);
    EXPECT_EQ(at(4).irreconcilable(), std::nullopt);
  }
  EXPECT_EQ(at(4).irreconcilable(), id(6));
}

TEST_F(Recovering, ABallotOfAnotherGenerationIsRejected) {
  start(map_of(3, 3));
  AgreementEffects effects;
  const Ballot ballot{.generation = 1, .round = 1, .boot = 1, .proposer = id(2)};
  const Sender from{.node = id(2), .boot = boot(1), .epoch = 1};
  at(1).on_request(from, Prepare{.slot = 2, .ballot = ballot}, 1, now(1), effects);
  at(1).on_request(from, Accept{.slot = 2, .ballot = ballot, .change = down(3)}, 2, now(1), effects);
  ASSERT_EQ(effects.answers.size(), 2u);
  for (const auto& answer : effects.answers) EXPECT_TRUE(std::holds_alternative<Rejected>(answer.reply.body));
}

TEST_F(Recovering, AStragglerWithoutAVoteStaysAMember) {
  start(map_of(6, 5));
  run(400ms);
  for (const unsigned lost : {1, 2, 3, 6}) cut_off(lost);
  run(2s, {1, 2, 3, 6});
  ASSERT_TRUE(recover(4, {4, 5}, {4}).ok());
  run(2s, {1, 2, 3, 6});
  mend_all_but({});
  for (const unsigned lost : {1, 2, 3}) cut_off(lost);
  run(1s, {1, 2, 3});
  EXPECT_EQ(map_at(6).generation, 1u);
  EXPECT_TRUE(is_member(6, 6));
}

}  // namespace
}  // namespace p2p::cluster
