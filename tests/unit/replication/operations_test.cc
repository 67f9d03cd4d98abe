// Operations of clients that are done once, however often they arrive (docs/decisions/0044).
#include "replication/operations.h"
#include "replication_fixture.h"

#include <map>

namespace p2p::diststore::replication {
namespace {

using Seen = Operations::Seen;

class ReplicationOperationNames : public ::testing::Test {
 protected:
  void add(std::uint64_t client, std::uint64_t number, Partition partition = 0) {
    operations_.add(partition, known_[partition], {client, number}, {.term = 1, .seq = ++seq_}, true,
                    [this](Partition of) { return &known_[of]; });
  }
  Seen seen(std::uint64_t client, std::uint64_t number, Partition partition = 0) {
    return operations_.find(known_[partition], {client, number}).seen;
  }

  Operations operations_{8};  // in chunks of two
  std::map<Partition, KnownOperations> known_;
  Seq seq_ = 0;
};

TEST_F(ReplicationOperationNames, WhatWasDoneIsFoundAndNothingElse) {
  add(1, 10);
  add(2, 30);
  add(1, 20);
  EXPECT_EQ(seen(1, 10), Seen::before);
  EXPECT_EQ(seen(1, 20), Seen::before);
  EXPECT_EQ(seen(2, 30), Seen::before);
  for (const std::uint64_t number : {10, 20, 40}) EXPECT_EQ(seen(2, number), Seen::never) << number;
  EXPECT_EQ(seen(1, 10, 1), Seen::never) << "partitions are apart";
  const auto found = operations_.find(known_[0], {1, 20});
  ASSERT_NE(found.record, nullptr);
  EXPECT_EQ(found.record->version, (WriteVersion{1, 3}));
}

TEST_F(ReplicationOperationNames, WhatIsForgottenIsNotTakenForNew) {
  add(1, 100);
  for (std::uint64_t number = 1; number <= 8; ++number) add(2, number);
  EXPECT_EQ(seen(1, 100), Seen::forgotten);
  EXPECT_EQ(seen(3, 99), Seen::forgotten) << "it might be one of those";
  EXPECT_EQ(seen(3, 101), Seen::never);
  EXPECT_EQ(seen(2, 8), Seen::before) << "a low number, but there by name";
}

TEST_F(ReplicationOperationNames, OperationsOfOtherPartitionsPushOut) {
  add(1, 10, 0);
  for (std::uint64_t number = 1; number <= 8; ++number) add(2, 1000 + number, 1);
  EXPECT_EQ(seen(1, 10, 0), Seen::forgotten);
  EXPECT_EQ(seen(1, 11, 0), Seen::never);
  EXPECT_EQ(seen(2, 1008, 1), Seen::before);
}

TEST_F(ReplicationOperationNames, NamesThatAreNotReliedOnAreNotFound) {
  add(1, 10);
  known_[0].forget_names();
  add(1, 12);
  EXPECT_EQ(seen(1, 10), Seen::forgotten);
  EXPECT_EQ(seen(1, 11), Seen::never);
  EXPECT_EQ(seen(1, 12), Seen::before);
}

TEST(ReplicationOperationSteps, OneThatManyHaveOvertakenIsNotLookedForWithoutEnd) {
  Operations operations(3 * Operations::kStepsMax);
  KnownOperations known;
  const auto known_of = [&known](Partition) { return &known; };
  operations.add(0, known, {1, 1'000'000}, {1, 1}, true, known_of);
  for (std::uint64_t number = 0; number <= Operations::kStepsMax; ++number)
    operations.add(0, known, {2, 10 + number}, {1, 2 + number}, true, known_of);
  EXPECT_EQ(operations.find(known, {3, 5}).seen, Seen::forgotten);
  EXPECT_EQ(operations.find(known, {3, 1'000'001}).seen, Seen::never);
}

// --- by primaries and copies -----------------------------------------------------------------------------------------

class ReplicationOperations : public ReplicationTest {
 protected:
  ReplicationOperations() { begin({}); }

  void begin(ReplicationOptions options) {
    nodes_.clear();
    start(4, options);
    form({2, 3});
  }
  RequestId named(Node node, std::uint64_t number, KeyWrite write, bool is_again = false) {
    auto batch = batch_of(std::move(write));
    batch->operation = {.client = 1, .number = number};
    batch->is_again = is_again;
    Effects effects;
    at(node).replicas.write(kPartition, std::move(batch), ++requests_, moment(node), effects);
    obey(node, effects);
    return requests_;
  }
  RequestId named_put(Node node, std::uint64_t number, std::string value, bool is_again = false) {
    return named(node, number, KeyWrite::put(key("k"), std::move(value)), is_again);
  }
  void lose(Node gone) {
    nodes_.erase(gone);
    for (auto& [link, queue] : queues_)
      if (link.first == gone || link.second == gone) queue.clear();
  }
};

TEST_F(ReplicationOperations, ASecondAttemptIsAnsweredWithWhatTheFirstHasDone) {
  const RequestId first = named_put(1, 10, "mine");
  run();
  put(1, "k", "theirs");
  run();
  const RequestId again = named_put(1, 10, "mine", true);
  EXPECT_EQ(answer(again).verdict, Verdict::done);
  EXPECT_EQ(answer(again).version, answer(first).version);
  EXPECT_EQ(stored_at(1, "k"), "theirs");
}

TEST_F(ReplicationOperations, ASecondAttemptWaitsForTheFirst) {  // W4
  hold(2, 1);
  const RequestId first = named_put(1, 10, "mine");
  const RequestId again = named_put(1, 10, "mine", true);
  run();
  EXPECT_FALSE(is_answered(again));
  release(2, 1);
  run();
  EXPECT_EQ(answer(again).verdict, Verdict::done);
  EXPECT_EQ(answer(again).version, answer(first).version);
}

TEST_F(ReplicationOperations, ANewPrimaryKnowsWhatTheOldOneHasDone) {
  named_put(1, 10, "mine");
  run();
  lose(1);
  map({.primary = 2, .in_sync = {3}});
  run();
  const RequestId theirs = put(2, "k", "theirs");
  run();
  EXPECT_EQ(answer(theirs).verdict, Verdict::done);
  const RequestId again = named_put(2, 10, "mine", true);
  run();
  EXPECT_EQ(answer(again).verdict, Verdict::done);
  EXPECT_EQ(stored_at(2, "k"), "theirs");
}

TEST_F(ReplicationOperations, WhatTheNewPrimaryHasNotGotIsDone) {
  hold(1, 2);
  named_put(1, 10, "mine");
  run();
  lose(1);
  map({.primary = 2, .in_sync = {3}});
  run();
  const RequestId again = named_put(2, 10, "mine", true);
  run();
  EXPECT_EQ(answer(again).verdict, Verdict::done);
  EXPECT_EQ(stored_at(2, "k") + stored_at(3, "k"), "minemine");
}

// It had a name for a write that is no part of the history: not done, and not to be told as done.
TEST_F(ReplicationOperations, ACopyForgetsTheNameOfAWriteThatWasLost) {
  hold(1, 2);
  named_put(1, 10, "mine");
  run();
  ASSERT_EQ(stored_at(3, "k"), "mine");
  lose(1);
  map({.primary = 2, .in_sync = {3}});
  run();
  ASSERT_EQ(stored_at(3, "k"), "(none)");
  lose(2);
  map({.primary = 3});
  run();
  EXPECT_EQ(answer(named_put(3, 10, "mine", true)).verdict, Verdict::forgotten);
}

// It took the list of the new primary, but not the values: of the names it knows nothing.
TEST_F(ReplicationOperations, ACopyThatLacksAnEntryDoesNotTakeItForDone) {
  hold(1, 3);
  named_put(1, 10, "mine");
  run();
  lose(1);
  hold(3, 2);
  map({.primary = 2, .in_sync = {3}});
  run();
  lose(2);
  map({.primary = 3});
  run();
  EXPECT_EQ(answer(named_put(3, 10, "mine", true)).verdict, Verdict::forgotten);
  EXPECT_EQ(answer(named_put(3, 11, "other")).verdict, Verdict::done);
}

// I6: a suspect's state becomes a write of its primary; a copy must not do the operation behind it again.
TEST_F(ReplicationOperations, WhatASuspectBringsIsNotNew) {
  hold(1, 2);
  named_put(1, 10, "mine");
  run();
  lose(1);
  hold(3, 2);  // 3 gets no answer to what it asks for
  map({.primary = 2, .in_sync = {3}});
  run();
  ASSERT_TRUE(state(3).has_suspects());
  release(3, 2);
  queues_[{3, 2}].clear();
  map({.primary = 3, .in_sync = {2}});
  run();
  ASSERT_EQ(stored_at(2, "k"), "mine");
  map({.primary = 2, .in_sync = {3}});
  run();
  EXPECT_EQ(answer(named_put(2, 10, "mine", true)).verdict, Verdict::forgotten);
}

TEST_F(ReplicationOperations, ALearnerTakesNothingForNewThatItWasFilledWith) {
  named_put(1, 10, "mine");
  run();
  map({.primary = 1, .in_sync = {2, 3}, .learners = {{4, epoch_ + 1}}, .is_new_term = false});
  run();
  named_put(1, 12, "newer");
  run();
  map({.primary = 1, .in_sync = {2, 3, 4}});
  run();
  map({.primary = 4, .in_sync = {2, 3}});
  run();
  EXPECT_EQ(answer(named_put(4, 10, "mine", true)).verdict, Verdict::forgotten);
  const RequestId known = named_put(4, 12, "newer", true);
  run();
  EXPECT_EQ(answer(known).verdict, Verdict::done) << "it came while the learner was one";
  const RequestId other = named_put(4, 11, "never sent");
  run();
  EXPECT_EQ(answer(other).verdict, Verdict::done);
}

TEST_F(ReplicationOperations, ALateFirstAttemptFindsThatASecondOneHasBeenDone) {
  named_put(1, 10, "mine", true);
  put(1, "k", "theirs");
  run();
  const RequestId late = named_put(1, 10, "mine");
  EXPECT_EQ(answer(late).verdict, Verdict::done);
  EXPECT_EQ(stored_at(1, "k"), "theirs");
}

TEST_F(ReplicationOperations, ALateFirstAttemptOfWhatIsForgottenDoesNothing) {
  begin({.operations_max = 2});
  named_put(1, 10, "mine", true);
  for (std::uint64_t number = 11; number < 15; ++number) named_put(1, number, "theirs");
  run();
  const RequestId late = named_put(1, 10, "mine");
  EXPECT_EQ(answer(late).verdict, Verdict::forgotten);
  EXPECT_EQ(answer(late).operations_highest, 14u);
  EXPECT_EQ(stored_at(1, "k"), "theirs");
}

TEST_F(ReplicationOperations, ASecondAttemptDoesNotFailForWhatTheFirstHasDone) {
  const Condition absent{.kind = Condition::Kind::if_absent};
  const RequestId first = named(1, 10, KeyWrite::put(key("k"), "mine", absent));
  run();
  const RequestId again = named(1, 10, KeyWrite::put(key("k"), "mine", absent), true);
  EXPECT_EQ(answer(again).verdict, Verdict::done);
  EXPECT_EQ(answer(again).version, answer(first).version);
}

// The caller has been told that nothing was done, and so it stays: also at the next primary.
TEST_F(ReplicationOperations, AFailedSecondAttemptLeavesNothingToTheFirst) {
  const Condition absent{.kind = Condition::Kind::if_absent};
  put(1, "k", "theirs");
  run();
  hold(2, 1);
  const RequestId again = named(1, 10, KeyWrite::put(key("k"), "mine", absent), true);
  run();
  EXPECT_FALSE(is_answered(again)) << "before all copies know it";
  release(2, 1);
  run();
  EXPECT_EQ(answer(again).verdict, Verdict::condition_failed);
  erase(1, "k");
  run();
  lose(1);
  map({.primary = 2, .in_sync = {3}});
  run();
  const RequestId late = named(2, 10, KeyWrite::put(key("k"), "mine", absent));
  run();
  EXPECT_EQ(answer(late).verdict, Verdict::unknown)
      << "it failed, and would not now: nothing that is told would be true";
  EXPECT_EQ(stored_at(2, "k"), "(none)");
}

TEST_F(ReplicationOperations, ASecondEraseThatFindsNothingLeavesNothingToTheFirst) {
  const RequestId again = named(1, 10, KeyWrite::erase(key("k")), true);
  run();
  EXPECT_EQ(answer(again).verdict, Verdict::missing);
  put(1, "k", "theirs");
  run();
  const RequestId late = named(1, 10, KeyWrite::erase(key("k")));
  run();
  EXPECT_EQ(answer(late).verdict, Verdict::missing);
  EXPECT_EQ(stored_at(1, "k"), "theirs");
}

TEST_F(ReplicationOperations, AnEraseThatWasDoneHasFoundSomething) {
  put(1, "k", "theirs");
  named(1, 10, KeyWrite::erase(key("k")));
  run();
  const RequestId again = named(1, 10, KeyWrite::erase(key("k")), true);
  run();
  EXPECT_EQ(answer(again).verdict, Verdict::done);
}

TEST_F(ReplicationOperations, ASecondAttemptIsNotRefusedWhenItsPrimaryEnds) {
  hold(1, 2);
  hold(1, 3);
  named_put(1, 10, "mine");
  const RequestId again = named_put(1, 10, "mine", true);
  map({.primary = 2, .in_sync = {3}});
  EXPECT_EQ(answer(again).verdict, Verdict::unknown) << "refused would mean: not done";
}

// B2, a durable engine: the names were in the process alone.
TEST_F(ReplicationOperations, AfterARestartNothingThatWasDoneIsNew) {
  named_put(1, 10, "mine");
  run();
  Replicas restarted(at(3).engine, {.is_durable = true});
  restarted.restore(kPartition, state(3));
  const Assignment alone{.partition = kPartition, .role = Role::primary, .term = epoch_ + 1, .born = 1};
  Effects effects;
  restarted.on_map({.epoch = epoch_ + 1}, {&alone, 1}, moment(), effects);
  for (const std::uint64_t number : {10, 11}) {
    auto batch = batch_of(KeyWrite::put(key("k"), "mine"));
    batch->operation = {.client = 1, .number = number};
    restarted.write(kPartition, std::move(batch), number, moment(), effects);
  }
  ASSERT_EQ(effects.answers.size(), 1U) << "11 waits for the disk";
  EXPECT_EQ(effects.answers.front().request, 10U);
  EXPECT_EQ(effects.answers.front().verdict, Verdict::forgotten);
}

TEST_F(ReplicationOperations, ANumberFarAheadOfTheClockIsNotTaken) {
  const RequestId ahead = named_put(1, kOperationsAheadMax + 1'000'000'000'000, "mine");
  EXPECT_EQ(answer(ahead).verdict, Verdict::forgotten);
  EXPECT_EQ(stored_at(1, "k"), "(none)");
  named_put(1, answer(ahead).operations_highest + 1, "mine");
  run();
  EXPECT_EQ(stored_at(1, "k"), "mine");
}

// A clock that is set back: what its node has seen is higher than what anybody may ask for.
TEST_F(ReplicationOperations, WhereTheHighestNumberIsFarAheadTheNextIsTaken) {
  constexpr WallMs kDays = 3 * 24 * 3600 * WallMs{1000};
  clocks_[1] = kDays;
  map({.primary = 1, .in_sync = {2, 3}, .born = epoch_ + 1});
  run();
  clocks_[1] = 0;
  const RequestId low = named_put(1, 1000, "mine");
  ASSERT_EQ(answer(low).verdict, Verdict::forgotten);
  const std::uint64_t next = answer(low).operations_highest + 1;
  EXPECT_GT(next, kOperationsAheadMax);
  EXPECT_NE(answer(named_put(1, next, "mine")).verdict, Verdict::forgotten);
}

}  // namespace
}  // namespace p2p::diststore::replication
