// Learners: backfill and recovery (I7, I8).
#include "replication_fixture.h"

namespace p2p::diststore::replication {
namespace {

class ReplicationFill : public ReplicationTest {
 protected:
  explicit ReplicationFill(ReplicationOptions options = {}) {
    start(3, options);
    form({2});
    for (int number = 0; number < 5; ++number) put(1, "k" + std::to_string(number), "old");
    run();
    pass(60ms);
    run();
  }
  void add_learner(Node node) {
    since_ = epoch_ + 1;
    map({.primary = 1, .in_sync = {2}, .learners = {{node, since_}}, .is_new_term = false});
  }
  // 3 has been in sync, and is out.
  void let_3_be_out() {
    add_learner(3);
    run();
    map({.primary = 1, .in_sync = {2, 3}});
    run();
    put(1, "k0", "while it was in sync");
    run();
    map({.primary = 1, .in_sync = {2}});
    run();
  }
  Epoch since_ = 0;
};

TEST_F(ReplicationFill, ALearnerGetsEverythingAndIsAskedFor) {  // I3, I7
  add_learner(3);
  run();
  EXPECT_TRUE(state(3).is_complete);
  for (int number = 0; number < 5; ++number) EXPECT_EQ(stored_at(3, "k" + std::to_string(number)), "old");
  EXPECT_EQ(at(1).replicas.filled(),
            (std::vector<CopyReport>{{.partition = kPartition, .copy = 3, .term = term_, .since = since_}}));
}

TEST_F(ReplicationFill, AGapBetweenItemsIsNoticed) {  // I7
  hold(1, 3);
  add_learner(3);
  for (int step = 0; step < 3; ++step) run();
  release(1, 3);
  Message items{.head = {.partition = kPartition, .epoch = epoch_, .term = term_}, .body = Items{.number = 2}};
  deliver_one(1, 3);  // the sync
  run();
  ASSERT_TRUE(state(3).is_complete);
  items.head.stream = 1000;
  Effects effects;
  at(3).replicas.on_message(1, {.head = items.head, .body = Sync{.born = 1, .since = since_}}, moment(), effects);
  effects.clear();
  at(3).replicas.on_message(1, std::move(items), moment(), effects);
  ASSERT_EQ(effects.sends.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Refuse>(effects.sends[0].message.body));
}

TEST_F(ReplicationFill, AnAskedLearnerIsRequired) {  // I3
  add_learner(3);
  run();
  hold(3, 1);
  const RequestId one = put(1, "a", "apple");
  run();
  EXPECT_FALSE(is_answered(one));
  release(3, 1);
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
}

TEST_F(ReplicationFill, AnotherAssignmentIsForgotten) {  // I3, since
  add_learner(3);
  run();
  ASSERT_FALSE(at(1).replicas.filled().empty());
  hold(1, 3);
  add_learner(3);
  run();
  EXPECT_TRUE(at(1).replicas.filled().empty());
}

TEST_F(ReplicationFill, AWriteThatIsNewerThanAnItemStays) {  // I8
  holds_scans_ = true;
  add_learner(3);
  run();
  put(1, "k1", "newer");
  erase(1, "k2");
  run();
  EXPECT_EQ(stored_at(3, "k2"), "(tombstone)");
  finish_scans();
  finish_scans();
  run();
  holds_scans_ = false;
  finish_scans();
  run();
  EXPECT_TRUE(state(3).is_complete);
  EXPECT_EQ(stored_at(3, "k1"), "newer");
  EXPECT_EQ(stored_at(3, "k2"), "(none)") << "and the tombstone is gone at the end";
  EXPECT_EQ(at(3).engine.totals().tombstones, 0U);
}

// I8, uncommitted: the primary dies, and the learner must know that what it was sent is perhaps nothing.
TEST_F(ReplicationFill, AnUncommittedItemIsNotedAsIfReplicated) {
  hold(2, 1);
  holds_scans_ = true;
  put(1, "k1", "uncommitted");
  add_learner(3);
  run();
  const auto entries = state(3).uncommitted.entries();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_NE(state(3).uncommitted.last_of(key("k1"), hash_of(key("k1"))), nullptr);
  EXPECT_EQ(stored_at(3, "k1"), "uncommitted");
  nodes_.erase(1);
  map({.primary = 2, .learners = {{3, since_}}});
}

TEST_F(ReplicationFill, ABackfillStartsEmpty) {  // I7
  at(3).engine.apply_one(Change::set(key("stray"), "of another life", {9, 9})).value();
  add_learner(3);
  run();
  EXPECT_EQ(stored_at(3, "stray"), "(none)");
}

TEST_F(ReplicationFill, ACutBackfillLeavesNothing) {  // I7
  holds_scans_ = true;
  add_learner(3);
  run();
  put(1, "k1", "newer");
  run();
  ASSERT_TRUE(state(3).is_filling);
  Replicas restarted(at(3).engine, {.is_durable = true});
  restarted.restore(kPartition, state(3));
  EXPECT_EQ(stored_at(3, "k1"), "(none)");
  EXPECT_EQ(restarted.state(kPartition)->born, 0U);
}

// --- recovery --------------------------------------------------------------------------------------------------------

TEST_F(ReplicationFill, ACopyThatWasOutGetsWhatItLacks) {  // I7
  let_3_be_out();
  put(1, "k1", "while it was out");
  erase(1, "k2");
  run();
  since_ = epoch_ + 1;
  map({.primary = 1, .in_sync = {2}, .learners = {{3, since_}}, .is_new_term = false});
  for (Node node : {1U, 3U}) release(node, node == 1 ? 3 : 1);
  holds_scans_ = true;  // no scan is needed
  run();
  EXPECT_TRUE(state(3).is_complete);
  EXPECT_EQ(stored_at(3, "k1"), "while it was out");
  EXPECT_EQ(stored_at(3, "k2"), "(none)");
  EXPECT_EQ(stored_at(3, "k3"), "old") << "what it had";
  EXPECT_TRUE(scans_.empty());
}

class ReplicationSmallLog : public ReplicationFill {
 protected:
  ReplicationSmallLog() : ReplicationFill({.key_log_bytes_max = 2 * KeyLog::kChunkBytes}) {}
};

TEST_F(ReplicationSmallLog, ALogThatDoesNotReachBackMeansABackfill) {  // I7
  let_3_be_out();
  erase(1, "k2");
  for (int count = 0; count < 500; ++count) put(1, "k1", std::to_string(count));
  run();
  since_ = epoch_ + 1;
  map({.primary = 1, .in_sync = {2}, .learners = {{3, since_}}, .is_new_term = false});
  EXPECT_EQ(stored_at(3, "k2"), "old");
  run();
  EXPECT_EQ(stored_at(3, "k2"), "(none)");
  EXPECT_EQ(stored_at(3, "k1"), "499");
  EXPECT_EQ(stored_at(3, "k3"), "old");
}

// I7: the learner's own keys that were never committed are part of what it needs.
TEST_F(ReplicationFill, ALearnerNamesItsOwnUncommittedKeys) {
  add_learner(3);
  run();
  map({.primary = 1, .in_sync = {2, 3}});
  run();
  hold(1, 2);
  put(1, "k4", "phantom");
  run();
  EXPECT_EQ(stored_at(3, "k4"), "phantom");
  nodes_.erase(1);
  for (auto& [link, queue] : queues_)
    if (link.first == 1 || link.second == 1) queue.clear();
  map({.primary = 2});
  since_ = epoch_ + 1;
  map({.primary = 2, .learners = {{3, since_}}, .is_new_term = false});
  run();
  EXPECT_EQ(stored_at(3, "k4"), "old");
  EXPECT_TRUE(state(3).is_complete);
}

// I7, cut: it keeps its old commit index until it is complete.
TEST_F(ReplicationFill, ACutRecoveryKeepsTheOldCommitIndex) {
  let_3_be_out();
  const Seq base = state(3).commit;
  put(1, "k1", "while it was out");
  run();
  pass(60ms);
  run();
  hold(3, 1);
  since_ = epoch_ + 1;
  map({.primary = 1, .in_sync = {2}, .learners = {{3, since_}}, .is_new_term = false});
  run();
  put(1, "k0", "more");
  run();
  EXPECT_GT(state(3).commit, base);
  EXPECT_EQ(state(3).base, base);
  disconnect(1, 3);
  connect(1, 3);
  run();
  EXPECT_EQ(state(3).base, base) << "what it lacked was not sent";
  release(3, 1);
  run();
  EXPECT_EQ(stored_at(3, "k1"), "while it was out");
}

// born: the partition has started empty, and its seqs begin again.
TEST_F(ReplicationFill, AnotherHistoryIsNoBase) {
  let_3_be_out();
  map({.primary = 1, .born = 99});
  run();
  EXPECT_EQ(stored_at(1, "k0"), "(none)");
  put(1, "a", "apple");
  since_ = epoch_ + 1;
  map({.primary = 1, .learners = {{3, since_}}, .is_new_term = false, .born = 99});
  run();
  EXPECT_EQ(stored_at(3, "k0"), "(none)");
  EXPECT_EQ(stored_at(3, "a"), "apple");
  EXPECT_EQ(state(3).born, 99U);
}

// I8, a suspect: the primary's state is older, and wins.
TEST_F(ReplicationFill, AnOlderItemWinsOverASuspect) {
  let_3_be_out();
  CopyState phantom = state(3);
  phantom.suspect(key("k3"));
  at(3).engine.apply_one(Change::set(key("k3"), "phantom", {term_, 77})).value();
  at(3).replicas.restore(kPartition, std::move(phantom));
  since_ = epoch_ + 1;
  map({.primary = 1, .in_sync = {2}, .learners = {{3, since_}}, .is_new_term = false});
  run();
  EXPECT_EQ(stored_at(3, "k3"), "old");
}

TEST_F(ReplicationFill, ALargePartitionIsFilledInSteps) {
  for (int number = 0; number < 600; ++number) put(1, "many" + std::to_string(number), "value");
  run();
  hold(3, 1);
  add_learner(3);
  run();
  release(3, 1);
  deliver_one(3, 1);
  hold(3, 1);
  run();
  EXPECT_LE(count_waiting<Ack>(3, 1), kFillMessagesInFlightMax + 2);
  EXPECT_FALSE(state(3).is_complete) << "what it has not acknowledged is limited";
  release(3, 1);
  run();
  EXPECT_TRUE(state(3).is_complete);
  EXPECT_EQ(stored_at(3, "many599"), "value");
}

}  // namespace
}  // namespace p2p::diststore::replication
