// Who is taken out, who hands over, and what a node without a role keeps (I1, I9, H1, B1).
#include "replication_fixture.h"

namespace p2p::diststore::replication {
namespace {

class ReplicationCopies : public ReplicationTest {
 protected:
  ReplicationCopies() {
    start(3);
    form({2, 3});
  }
  std::vector<CopyReport> failed() { return at(1).replicas.failed(now_); }
  CopyReport of(Node copy, Epoch since = 0) const {
    return {.partition = kPartition, .copy = copy, .term = term_, .since = since};
  }
};

// --- out of sync (I1) ------------------------------------------------------------------------------------------------

TEST_F(ReplicationCopies, ACopyThatDoesNotAcknowledgeIsNamed) {
  hold(2, 1);
  put(1, "a", "apple");
  run();
  for (int tick = 0; tick < 39; ++tick) pass(25ms);
  EXPECT_TRUE(failed().empty());
  pass(25ms);
  EXPECT_EQ(failed(), std::vector{of(2)});
  release(2, 1);
  run();
  EXPECT_TRUE(failed().empty()) << "it has come round";
}

TEST_F(ReplicationCopies, ABrokenConnectionIsNamedSooner) {
  disconnect(1, 3);
  for (int tick = 0; tick < 3; ++tick) pass(25ms);
  EXPECT_TRUE(failed().empty());
  pass(25ms);
  EXPECT_EQ(failed(), std::vector{of(3)});
  connect(1, 3);
  run();
  EXPECT_TRUE(failed().empty());
}

TEST_F(ReplicationCopies, AnOverfullQueueIsNamedAtOnce) {
  at(1).replicas.set_overfull(2, true);
  EXPECT_EQ(failed(), std::vector{of(2)});
}

TEST_F(ReplicationCopies, WhoeverHungItselfBlamesNobody) {  // E2
  hold(2, 1);
  put(1, "a", "apple");
  run();
  pass(25ms);
  pass(5s);
  EXPECT_TRUE(failed().empty());
}

TEST_F(ReplicationCopies, ARequiredLearnerThatStopsIsDealtWithAlike) {
  map({.primary = 1, .in_sync = {2}});
  const Epoch since = epoch_ + 1;
  map({.primary = 1, .in_sync = {2}, .learners = {{3, since}}, .is_new_term = false});
  run();
  hold(3, 1);
  put(1, "a", "apple");
  run();
  for (int tick = 0; tick < 41; ++tick) pass(25ms);
  EXPECT_EQ(failed(), (std::vector{of(3, since)}));
}

// --- hand-over (H1) --------------------------------------------------------------------------------------------------

TEST_F(ReplicationCopies, APrimaryConsentsWhenNothingIsUnderWay) {
  hold(2, 1);
  const RequestId one = put(1, "a", "apple");
  run();
  Effects effects;
  at(1).replicas.stop_serving(kPartition, term_, moment(), effects);
  EXPECT_FALSE(at(1).replicas.try_consent(kPartition, term_));
  EXPECT_EQ(answer(put(1, "a", "x")).verdict, Verdict::refused);
  EXPECT_EQ(answer(get(1, "b")).verdict, Verdict::refused);
  EXPECT_EQ(at(1).replicas.gate().serving_term(kPartition), 0U);
  release(2, 1);
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done) << "it finishes what it has begun";
  EXPECT_TRUE(at(1).replicas.try_consent(kPartition, term_));
}

TEST_F(ReplicationCopies, AConsentIsKeptUntilTheTermChanges) {
  Effects effects;
  at(1).replicas.stop_serving(kPartition, term_, moment(), effects);
  ASSERT_TRUE(at(1).replicas.try_consent(kPartition, term_));
  for (int second = 0; second < 10; ++second) pass(1s);
  EXPECT_TRUE(at(1).replicas.try_consent(kPartition, term_));
  EXPECT_EQ(answer(get(1, "a")).verdict, Verdict::refused);
  map({.primary = 1, .in_sync = {2, 3}});  // it has asked for a term of its own
  EXPECT_EQ(answer(get(1, "a")).verdict, Verdict::missing);
  EXPECT_FALSE(at(1).replicas.try_consent(kPartition, term_));
}

TEST_F(ReplicationCopies, AHandOverThatNobodyAsksForAnyMoreIsGivenUp) {
  Effects effects;
  at(1).replicas.stop_serving(kPartition, term_, moment(), effects);
  for (int tick = 0; tick < 80; ++tick) pass(25ms);
  EXPECT_EQ(answer(get(1, "a")).verdict, Verdict::missing);
  EXPECT_FALSE(at(1).replicas.try_consent(kPartition, term_)) << "it serves";
}

// --- roles -----------------------------------------------------------------------------------------------------------

TEST_F(ReplicationCopies, WhoeverHasNoRoleTakesNothing) {  // B1
  map({.primary = 1, .in_sync = {2}}, {{3}});
  put(1, "a", "apple");
  run();
  EXPECT_EQ(stored_at(3, "a"), "(none)");
}

TEST_F(ReplicationCopies, WhatHasNoRoleGoesAfterAWhile) {  // I7
  put(1, "a", "apple");
  run();
  map({.primary = 1, .in_sync = {2}});
  run();
  pass(5min);
  EXPECT_EQ(stored_at(3, "a"), "apple");
  pass(6min);
  EXPECT_EQ(stored_at(3, "a"), "(none)");
}

// By a map that nobody should make: a copy of a former history acknowledges nothing of the next.
TEST_F(ReplicationCopies, ACopyOfAnotherHistoryIsNotInSyncWhateverTheMapSays) {  // M2, I9
  put(1, "a", "apple");
  run();
  map({.primary = 1, .in_sync = {2}, .born = epoch_ + 1});
  run();
  EXPECT_FALSE(state(2).is_complete);
  const RequestId request = put(1, "b", "berry");
  run();
  EXPECT_FALSE(is_answered(request));
  for (int tick = 0; tick < 60; ++tick) pass(25ms);
  EXPECT_EQ(failed(), std::vector{of(2)});
}

TEST_F(ReplicationCopies, BeforeTheMapHasTheBootNothingGoes) {  // B1, I9
  put(1, "a", "apple");
  run();
  Replicas restarted(at(3).engine, {.is_durable = true});
  restarted.restore(kPartition, state(3));
  Effects effects;
  restarted.on_map({.epoch = epoch_, .has_this_boot = false}, {}, moment(), effects);
  restarted.tick({now_ + 1h, now_ + 2h}, effects);
  EXPECT_EQ(stored_at(3, "a"), "apple");
}

TEST_F(ReplicationCopies, AnIdleNodeHasNothingToDo) {
  pass(60ms);
  run();
  pass(60ms);
  for (const Node node : {1U, 2U, 3U}) EXPECT_EQ(at(node).replicas.next_wakeup(), TimePoint::max());
}

}  // namespace
}  // namespace p2p::diststore::replication
