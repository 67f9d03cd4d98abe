// After each change of the term (I5, I6): the schedules that broke the drafts of these rules, one by one.
#include "replication_fixture.h"

namespace p2p::diststore::replication {
namespace {

class ReplicationTakeover : public ReplicationTest {
 protected:
  ReplicationTakeover() {
    start(4);
    form({2, 3});
    put(1, "k", "old");
    run();
    pass(60ms);
    run();
  }
  void primary_reaches_only(Node copy) {
    for (const Node other : {2U, 3U})
      if (other != copy) hold(1, other);
  }
  void lose(Node gone) {
    nodes_.erase(gone);
    for (auto& [link, queue] : queues_)
      if (link.first == gone || link.second == gone) queue.clear();
  }
};

TEST_F(ReplicationTakeover, WhatTheNewPrimaryHasIsUnderWayAgain) {
  primary_reaches_only(2);
  put(1, "k", "new");
  run();
  lose(1);
  hold(3, 2);
  map({.primary = 2, .in_sync = {3}});
  const RequestId read = get(2, "k");
  run();
  EXPECT_FALSE(is_answered(read)) << "3 has not confirmed it";
  release(3, 2);
  run();
  EXPECT_EQ(value_of(read), "new");
}

// I5, a missing entry: C took list and position without the value.
TEST_F(ReplicationTakeover, ACopyThatLacksAnEntryFetchesIt) {
  primary_reaches_only(2);
  put(1, "k", "new");
  run();
  lose(1);
  map({.primary = 2, .in_sync = {3}});
  run();
  EXPECT_EQ(stored_at(3, "k"), "new");
  EXPECT_FALSE(state(3).has_suspects());
}

TEST_F(ReplicationTakeover, WhatIsFetchedComesInPiecesThatFitIntoAFrame) {
  primary_reaches_only(2);
  constexpr std::size_t kValueBytes = kFillBytesMax / 4;
  constexpr int kLarge = 12;
  constexpr int kSmall = 3 * static_cast<int>(kFillKeysMax);
  for (int number = 0; number < kLarge; ++number)
    put(1, "large" + std::to_string(number) + ' ', std::string(kValueBytes, 'v'));
  for (int number = 0; number < kSmall; ++number) put(1, "small" + std::to_string(number) + ' ', "v");
  run();
  lose(1);
  hold(2, 3);
  map({.primary = 2, .in_sync = {3}});
  run();
  deliver_one(2, 3);  // the sync
  run();
  std::size_t items = 0;
  for (const Message& message : queues_[{2, 3}]) {
    const Items& piece = std::get<Items>(message.body);
    std::size_t bytes = 0;
    for (const Item& item : piece.items) bytes += item.key.size() + item.value.size();
    EXPECT_LE(bytes, kFillBytesMax + kValueBytes);
    EXPECT_LE(piece.items.size(), kFillKeysMax);
    items += piece.items.size();
  }
  EXPECT_EQ(items, static_cast<std::size_t>(kLarge + kSmall));
  release(2, 3);
  run();
  EXPECT_FALSE(state(3).has_suspects());
  EXPECT_EQ(stored_at(3, "large0 ").size(), kValueBytes);
}

// I5: what the new primary does not confirm was never acknowledged, and goes.
TEST_F(ReplicationTakeover, WhatIsNotConfirmedIsReplaced) {
  primary_reaches_only(3);
  put(1, "k", "phantom");
  erase(1, "other");
  put(1, "other", "phantom");
  run();
  lose(1);
  map({.primary = 2, .in_sync = {3}});
  run();
  EXPECT_EQ(stored_at(3, "k"), "old");
  EXPECT_EQ(stored_at(3, "other"), "(none)");
  EXPECT_EQ(state(3).position, 1U);
}

// I5, the index last: C holds (1,2,k) uncommitted, B has (1,2,k2) of its own term.
TEST_F(ReplicationTakeover, SeqsAreUsedAgain) {
  primary_reaches_only(3);
  put(1, "k", "phantom");
  run();
  lose(1);
  hold(2, 3);
  map({.primary = 2, .in_sync = {3}});
  put(2, "k2", "new");
  map({.primary = 2, .in_sync = {3}});
  queues_[{2, 3}].pop_front();
  queues_[{2, 3}].pop_front();
  release(2, 3);
  run();
  EXPECT_EQ(stored_at(3, "k"), "old");
  EXPECT_EQ(stored_at(3, "k2"), "new");
}

// I6, twice: a second sync comes, and no longer names the key.
TEST_F(ReplicationTakeover, ASecondSyncForgetsNoSuspect) {
  primary_reaches_only(3);
  put(1, "k", "phantom");
  run();
  lose(1);
  hold(3, 2);
  map({.primary = 2, .in_sync = {3}});
  run();
  ASSERT_TRUE(state(3).has_suspects());
  queues_[{3, 2}].clear();  // the fetch is lost
  disconnect(2, 3);
  connect(2, 3);
  run();
  EXPECT_TRUE(state(3).has_suspects());
  release(3, 2);
  run();
  EXPECT_FALSE(state(3).has_suspects());
  EXPECT_EQ(stored_at(3, "k"), "old");
}

TEST_F(ReplicationTakeover, ASuspectDoesNotAcknowledge) {
  primary_reaches_only(3);
  put(1, "k", "phantom");
  run();
  lose(1);
  hold(3, 2);
  map({.primary = 2, .in_sync = {3}});
  const RequestId one = put(2, "other", "x");
  run();
  std::erase_if(queues_[{3, 2}], [](const Message& one_of) { return std::holds_alternative<Fetch>(one_of.body); });
  release(3, 2);
  run();
  EXPECT_FALSE(is_answered(one)) << "whatever else it has";
}

// I6, primary: the state of a suspect counts, and others have another.
TEST_F(ReplicationTakeover, APrimaryWritesWhatItSuspects) {
  primary_reaches_only(3);
  put(1, "k", "phantom");
  run();
  lose(1);
  hold(3, 2);
  map({.primary = 2, .in_sync = {3}});
  run();
  ASSERT_TRUE(state(3).has_suspects());
  release(3, 2);
  map({.primary = 3, .in_sync = {2}});
  run();
  EXPECT_FALSE(state(3).has_suspects());
  EXPECT_EQ(stored_at(2, "k"), "phantom") << "a new write of its own term";
  EXPECT_EQ(at(2).engine.copy(key("k")).value()->version, stored({term_, state(3).position}));
}

// I6, a restart between.
TEST_F(ReplicationTakeover, APrimaryWritesWhatItSuspectsInPieces) {  // I6
  primary_reaches_only(3);
  constexpr int kKeys = 2 * static_cast<int>(kFillKeysMax) + 1;
  for (int number = 0; number < kKeys; ++number) put(1, "k" + std::to_string(number) + ' ', "phantom");
  run();
  lose(1);
  hold(3, 2);
  map({.primary = 2, .in_sync = {3}});
  run();
  ASSERT_TRUE(state(3).has_suspects());
  lose(2);
  map({.primary = 3, .in_sync = {4}});
  EXPECT_FALSE(state(3).has_suspects());
  EXPECT_EQ(state(3).uncommitted.size(), 3U);
  for (const Uncommitted& entry : state(3).uncommitted.entries()) EXPECT_LE(entry.batch->writes.size(), kFillKeysMax);
}

TEST_F(ReplicationTakeover, SuspectsAreOnDisk) {
  primary_reaches_only(3);
  put(1, "k", "phantom");
  run();
  lose(1);
  hold(3, 2);
  map({.primary = 2, .in_sync = {3}});
  run();
  const CopyState before = state(3);
  Replicas restarted(at(3).engine, {.is_durable = true});
  restarted.restore(kPartition, before);
  EXPECT_TRUE(restarted.state(kPartition)->has_suspects());
  EXPECT_EQ(stored_at(3, "k"), "phantom") << "what it has stays (I9)";
}

TEST_F(ReplicationTakeover, EveryNewStreamStartsWithASync) {
  hold(1, 2);
  const RequestId one = put(1, "k", "new");
  disconnect(1, 2);
  release(1, 2);
  connect(1, 2);
  EXPECT_EQ(count_waiting<Sync>(1, 2), 1U);
  run();
  EXPECT_EQ(stored_at(2, "k"), "new");
  EXPECT_EQ(answer(one).verdict, Verdict::done);
}

// I5, learners: replicates to a learner are under way and committed without it; it refuses them in the new term, and
// the position of the sync jumps over the hole.
TEST_F(ReplicationTakeover, ALearnerWithAHoleIsFilledAgain) {
  const Epoch since = epoch_ + 1;
  map({.primary = 1, .in_sync = {2, 3}, .learners = {{4, since}}, .is_new_term = false});
  run();
  put(1, "k", "old");
  run();
  ASSERT_TRUE(state(4).is_complete);
  map({.primary = 1, .in_sync = {2, 3}, .learners = {{4, since}}});  // it is required no more
  hold(1, 4);
  put(1, "k", "committed without it");
  run();
  queues_[{1, 4}].clear();
  disconnect(1, 4);
  release(1, 4);
  map({.primary = 2, .in_sync = {1, 3}, .learners = {{4, since}}});
  run();
  EXPECT_EQ(stored_at(4, "k"), "committed without it");
}

// I5, learners: it stands where the new primary stands, by writes of a term that came to nothing.
TEST_F(ReplicationTakeover, PositionsOfAnotherTermCountForNothing) {
  const Epoch since = epoch_ + 1;
  map({.primary = 1, .in_sync = {2, 3}, .learners = {{4, since}}, .is_new_term = false});
  run();
  hold(1, 2);
  hold(1, 3);
  put(1, "x", "phantom");
  put(1, "y", "phantom");
  run();
  lose(1);
  disconnect(2, 4);
  map({.primary = 2, .in_sync = {3}, .learners = {{4, since}}});
  put(2, "k", "new");
  put(2, "z", "new");
  run();
  ASSERT_EQ(state(4).position, state(2).commit);
  connect(2, 4);
  run();
  EXPECT_EQ(stored_at(4, "k") + stored_at(4, "z"), "newnew");
  EXPECT_EQ(stored_at(4, "x"), "(none)");
  EXPECT_TRUE(state(4).is_complete);
}

}  // namespace
}  // namespace p2p::diststore::replication
