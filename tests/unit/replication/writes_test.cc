// Writes and reads of one partition (section 4 of the protocol).
#include "replication_fixture.h"

namespace p2p::diststore::replication {
namespace {

class ReplicationWrites : public ReplicationTest {
 protected:
  ReplicationWrites() {
    start(3);
    form({2, 3});
  }
};

TEST_F(ReplicationWrites, AnAnswerComesWhenAllInSyncHaveIt) {  // W4
  hold(3, 1);
  const RequestId one = put(1, "a", "apple");
  run();
  EXPECT_EQ(stored_at(2, "a"), "apple");
  EXPECT_EQ(stored_at(3, "a"), "apple");
  EXPECT_FALSE(is_answered(one)) << "3 has not said so";
  release(3, 1);
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
  EXPECT_EQ(answer(one).version, (WriteVersion{term_, 1}));
}

TEST_F(ReplicationWrites, ABatchIsOneWrite) {  // W1
  const RequestId one = write(1, {KeyWrite::put(key("a"), "apple"), KeyWrite::put(key("b"), "banana")});
  run();
  EXPECT_EQ(answer(one).version, (WriteVersion{term_, 1}));
  EXPECT_EQ(stored_at(3, "a") + stored_at(3, "b"), "applebanana");
  const RequestId refused =
      write(1, {KeyWrite::put(key("a"), "x"), KeyWrite::put(key("b"), "x", {.kind = Condition::Kind::if_absent})});
  run();
  EXPECT_EQ(answer(refused).verdict, Verdict::condition_failed);
  EXPECT_EQ(stored_at(1, "a"), "apple") << "taken or refused as a whole";
}

TEST_F(ReplicationWrites, ConditionsAreCheckedAgainstTheNewestState) {  // W1
  const RequestId one = put(1, "a", "apple", {.kind = Condition::Kind::if_absent});
  run();
  const Condition same{.kind = Condition::Kind::if_version, .version = answer(one).version};
  hold(1, 2);
  const RequestId two = put(1, "a", "apricot", same);
  const RequestId late = put(1, "a", "avocado", same);
  run();
  EXPECT_FALSE(is_answered(late)) << "it saw a write that is under way";
  release(1, 2);
  run();
  EXPECT_EQ(answer(two).verdict, Verdict::done);
  EXPECT_EQ(answer(late).verdict, Verdict::condition_failed);
  EXPECT_EQ(answer(late).version, answer(two).version);
}

// W1, a failed condition: what it saw is lost by a takeover, and so is its answer.
TEST_F(ReplicationWrites, AFailedConditionIsRefusedWhenWhatItSawIsLost) {
  hold(1, 2);
  hold(1, 3);
  put(1, "a", "apple");
  const RequestId failed = put(1, "a", "x", {.kind = Condition::Kind::if_absent});
  run();
  map({.primary = 2, .in_sync = {3}});
  EXPECT_EQ(answer(failed).verdict, Verdict::refused);
}

TEST_F(ReplicationWrites, AReadWaitsForTheWriteUnderWay) {  // W5
  put(1, "a", "apple");
  run();
  hold(2, 1);
  put(1, "a", "apricot");
  EXPECT_TRUE(at(1).replicas.gate().is_under_way(hash_of(key("a"))));
  const RequestId read = get(1, "a");
  const RequestId other = get(1, "b");
  run();
  EXPECT_FALSE(is_answered(read));
  EXPECT_EQ(answer(other).verdict, Verdict::missing) << "another key";
  put(1, "a", "avocado");
  release(2, 1);
  deliver_one(2, 1);
  run();
  EXPECT_EQ(value_of(read), "apricot") << "of the write that it waited for, though another is under way";
  EXPECT_FALSE(at(1).replicas.gate().is_under_way(hash_of(key("a"))));
}

TEST_F(ReplicationWrites, WhoHasReadManyKeysWaitsForAllThatIsUnderWay) {  // W5
  EXPECT_EQ(answer(settle(1)).verdict, Verdict::done) << "nothing is";
  put(1, "a", "apple");
  run();
  hold(2, 1);
  put(1, "b", "banana");
  erase(1, "a");
  const RequestId settled = settle(1);
  put(1, "c", "cherry");
  release(2, 1);
  run();
  EXPECT_EQ(answer(settled).verdict, Verdict::done);
  EXPECT_EQ(answer(settled).term, term_);
  EXPECT_EQ(answer(settle(2)).verdict, Verdict::refused) << "it is no primary";
}

TEST_F(ReplicationWrites, WhatWasUnderWayWhenItWasReadIsWaitedForAndNothingElse) {  // W5
  hold(1, 3);
  put(1, "a", "apple");
  run();
  const RequestId settled = settle(1);
  put(1, "b", "banana");
  run();
  EXPECT_FALSE(is_answered(settled));
  deliver_one(1, 3);
  run();
  EXPECT_EQ(answer(settled).verdict, Verdict::done);
  EXPECT_EQ(state(1).uncommitted.size(), 1U) << "what came later is not waited for";
}

TEST_F(ReplicationWrites, WhatWasReadCountsForNothingWhenItsTermHasEnded) {  // W5
  hold(1, 2);
  hold(1, 3);
  put(1, "a", "apple");
  const RequestId lost = settle(1);
  map({.primary = 2, .in_sync = {3}});
  EXPECT_EQ(answer(lost).verdict, Verdict::refused);
  lease_ = now_;
  EXPECT_EQ(answer(settle(2)).verdict, Verdict::refused) << "no lease";
}

TEST_F(ReplicationWrites, AnEraseSaysWhetherThereWasAValueAndLeavesNoTombstone) {
  put(1, "a", "apple");
  run();
  const RequestId one = erase(1, "a");
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
  EXPECT_TRUE(answer(one).batch->writes.front().existed);
  EXPECT_EQ(stored_at(1, "a") + stored_at(2, "a"), "(none)(none)");
  const RequestId again = erase(1, "a");
  EXPECT_EQ(answer(again).verdict, Verdict::missing);
  EXPECT_EQ(state(1).position, 2U) << "nothing to replicate";
}

TEST_F(ReplicationWrites, NothingIsServedWithoutALease) {  // W1, W5
  lease_ = now_;
  EXPECT_EQ(answer(put(1, "a", "apple")).verdict, Verdict::refused);
  EXPECT_EQ(answer(get(1, "a")).verdict, Verdict::refused);
  EXPECT_EQ(state(1).position, 0U);
}

TEST_F(ReplicationWrites, AWriteThatIsCommittedWithoutALeaseWaitsForIt) {  // W6
  hold(2, 1);
  const RequestId one = put(1, "a", "apple");
  run();
  const Moment with_lease = moment();
  lease_ = now_;
  release(2, 1);
  run();
  const replication::Replicas& replicas = at(1).replicas;
  EXPECT_TRUE(replicas.waits_for_lease(answer(one), moment()));
  EXPECT_FALSE(replicas.waits_for_lease(answer(one), with_lease));
  EXPECT_EQ(replicas.verdict_now(answer(one), with_lease), Verdict::done);
  const Moment later{now_ + kLeaseWaitMax, lease_};
  EXPECT_FALSE(replicas.waits_for_lease(answer(one), later));
  EXPECT_EQ(replicas.verdict_now(answer(one), later), Verdict::unknown);
  map({.primary = 2, .in_sync = {3}});
  EXPECT_FALSE(replicas.waits_for_lease(answer(one), moment())) << "the role is lost as well";
}

TEST_F(ReplicationWrites, AWriteIsWaitedForByNobodyWhereThePartitionHasBegunEmptySince) {  // W6, I9
  const RequestId one = put(1, "a", "apple");
  run();
  lease_ = now_;
  EXPECT_TRUE(at(1).replicas.waits_for_lease(answer(one), moment()));
  map({.primary = 1, .in_sync = {2}, .born = term_ + 1});
  EXPECT_FALSE(at(1).replicas.waits_for_lease(answer(one), moment()));
}

TEST_F(ReplicationWrites, WhatWasReadIsWorthNothingWithoutTheLeaseOrInAnotherTerm) {  // W5
  const Answer read{.verdict = Verdict::done, .partition = kPartition, .term = term_};
  EXPECT_EQ(at(1).replicas.verdict_now(read, moment()), Verdict::done);
  EXPECT_EQ(at(1).replicas.verdict_now(read, {now_, now_}), Verdict::refused);
  map({.primary = 1, .in_sync = {2, 3}});
  EXPECT_EQ(at(1).replicas.verdict_now(read, moment()), Verdict::refused);
}

TEST_F(ReplicationWrites, TooFewCopiesTakeNoWrite) {  // W1
  map({.primary = 1, .copies_required = 2});
  const Answer refused = answer(put(1, "a", "apple"));
  EXPECT_EQ(refused.verdict, Verdict::refused);
  EXPECT_EQ(refused.copies_in_sync, 1U);
  EXPECT_EQ(refused.copies_required, 2U);
  EXPECT_EQ(answer(get(1, "a")).verdict, Verdict::missing) << "reads go on";
  map({.primary = 1, .in_sync = {2}, .copies_required = 2});
  run();
  const RequestId one = put(1, "a", "apple");
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
}

TEST_F(ReplicationWrites, WhoeverIsNotPrimaryRefuses) {
  EXPECT_EQ(answer(put(2, "a", "apple")).verdict, Verdict::refused);
  EXPECT_EQ(answer(put(2, "a", "apple")).copies_required, 0U) << "copies are not the reason";
  EXPECT_EQ(answer(get(2, "a")).verdict, Verdict::refused);
  EXPECT_EQ(at(2).replicas.gate().serving_term(kPartition), 0U);
  EXPECT_EQ(at(1).replicas.gate().serving_term(kPartition), term_);
}

TEST_F(ReplicationWrites, ALostRoleLeavesWritesUnknownAndReadsRefused) {  // W6
  hold(1, 2);
  const RequestId one = put(1, "a", "apple");
  const RequestId read = get(1, "a");
  map({.primary = 3, .in_sync = {2}}, {{1}});
  EXPECT_EQ(answer(one).verdict, Verdict::unknown);
  EXPECT_EQ(answer(read).verdict, Verdict::refused);
  EXPECT_FALSE(at(1).replicas.gate().is_under_way(hash_of(key("a"))));
}

TEST_F(ReplicationWrites, AnotherTermOfTheSamePrimaryFinishesWhatIsUnderWay) {
  hold(1, 2);
  const RequestId one = put(1, "a", "apple");
  run();
  map({.primary = 1, .in_sync = {3}});
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done) << "without 2, which is out";
}

TEST_F(ReplicationWrites, WritesUnderWayHaveALimit) {
  hold(1, 2);
  for (std::size_t count = 0; count < options_.under_way_max; ++count) put(1, "a", "apple");
  EXPECT_EQ(answer(put(1, "a", "apple")).verdict, Verdict::overloaded);
}

TEST_F(ReplicationWrites, CopiesHearTheCommitIndexInTime) {  // W4
  put(1, "a", "apple");
  run();
  EXPECT_FALSE(state(2).uncommitted.empty());
  pass(60ms);
  run();
  EXPECT_TRUE(state(2).uncommitted.empty());
  EXPECT_EQ(state(2).commit, 1U);
}

TEST_F(ReplicationWrites, ALargeValueIsStoredOnceInANode) {
  const std::string large(100'000, 'x');
  const RequestId one = put(1, "a", large);
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
  const char* held = nullptr;
  static_cast<void>(
      at(1).engine.get(key("a"), {}, [&](std::string_view value, Version, WallMs) { held = value.data(); }));
  EXPECT_EQ(held, answer(one).batch->writes.front().value.data()) << "the engine shares it with the messages";
}

// --- order (W3) ------------------------------------------------------------------------------------------------------

// "Complete" would be believed, whatever is missing before it.
TEST_F(ReplicationWrites, NothingIsHeardAfterWhatWasDroppedUntilTheConnectionHasEnded) {  // W3
  const Message next{.head = {.partition = kPartition, .epoch = epoch_ + 1, .term = term_}, .body = CommitIndex{}};
  Effects effects;
  for (std::size_t sent = 0; sent <= kMessagesWaitingMax; ++sent) at(2).replicas.on_message(1, next, moment(), effects);
  ASSERT_EQ(effects.hang_ups, std::vector<Node>{1});
  const RequestId one = put(1, "a", "apple");
  run();
  EXPECT_FALSE(is_answered(one));
  EXPECT_EQ(stored_at(2, "a"), "(none)");
  disconnect(1, 2);
  connect(1, 2);
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
}

// To find a key of the partition that is larger than the limit takes a hash of it a few thousand times.
class ReplicationKeysUnderWay : public ReplicationTest {
 protected:
  ReplicationKeysUnderWay() {
    start(3, {.under_way_key_bytes_max = 32 << 10});
    form({2, 3});
  }
};

TEST_F(ReplicationKeysUnderWay, FitIntoASync) {  // I5
  hold(2, 1);
  const std::size_t keys = options_.under_way_key_bytes_max / 1'000 + 1;
  for (std::size_t number = 0; number < keys; ++number) {
    std::string key(1'000, 'x');
    key += std::to_string(number);
    put(1, key, "value");
  }
  EXPECT_EQ(answer(requests_).verdict, Verdict::overloaded);
  release(2, 1);
  run();
  hold(2, 1);
  const RequestId larger = put(1, std::string(2 * options_.under_way_key_bytes_max, 'x'), "value");
  EXPECT_FALSE(is_answered(larger)) << "one that is larger is taken alone";
  EXPECT_EQ(answer(put(1, "a", "apple")).verdict, Verdict::overloaded);
  release(2, 1);
  run();
  EXPECT_EQ(answer(larger).verdict, Verdict::done);
}

TEST_F(ReplicationWrites, WhatIsOfANewerMapWaitsInOrder) {
  map({.primary = 1, .in_sync = {2, 3}}, {{1, 3}});
  put(1, "a", "first");
  put(1, "a", "second");
  run();
  EXPECT_TRUE(maps_wanted_.contains({2, 1}));
  EXPECT_EQ(stored_at(2, "a"), "(none)");
  EXPECT_EQ(stored_at(3, "a"), "second");
  tell(2);
  run();
  EXPECT_EQ(stored_at(2, "a"), "second");
  EXPECT_EQ(state(2).position, 2U);
}

TEST_F(ReplicationWrites, AnOldTermIsRefusedAndTold) {
  hold(1, 2);
  put(1, "a", "apple");
  map({.primary = 3, .in_sync = {1, 2}}, {{2, 3}});
  release(1, 2);
  run();
  EXPECT_EQ(stored_at(2, "a"), "(none)");
  EXPECT_TRUE(maps_told_.contains({2, 1}));
}

TEST_F(ReplicationWrites, AnOldTermOfTheSamePrimaryIsRefusedToo) {
  hold(1, 2);
  put(1, "a", "apple");
  map({.primary = 1, .in_sync = {2}}, {{2}});
  release(1, 2);
  run();
  EXPECT_EQ(stored_at(2, "a"), "(none)");
  EXPECT_TRUE(maps_told_.contains({2, 1}));
}

TEST_F(ReplicationWrites, AGapIsRefusedAndAnotherStreamHealsIt) {
  hold(1, 2);
  put(1, "a", "lost");
  put(1, "b", "banana");
  queues_[{1, 2}].pop_front();
  release(1, 2);
  run();
  EXPECT_EQ(stored_at(2, "b"), "(none)");
  pass(50ms);
  run();
  EXPECT_EQ(stored_at(2, "a") + stored_at(2, "b"), "lostbanana");
}

// --- engines ---------------------------------------------------------------------------------------------------------

class ReplicationDurable : public ReplicationTest {
 protected:
  ReplicationDurable() {
    start(2, {.is_durable = true});
    form({2});
  }
};

TEST_F(ReplicationDurable, ACopyAcknowledgesAfterItsSync) {  // W3
  holds_syncs_ = {2};
  const RequestId one = put(1, "a", "apple");
  run();
  EXPECT_EQ(stored_at(2, "a"), "apple");
  EXPECT_FALSE(is_answered(one));
  sync(2);
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
}

TEST_F(ReplicationDurable, ThePrimaryHasSyncedBeforeItAnswers) {  // W4
  holds_syncs_ = {1};
  const RequestId one = put(1, "a", "apple");
  run();
  EXPECT_EQ(state(2).position, 1U);
  EXPECT_FALSE(is_answered(one)) << "it would be lost by a crash of the primary, whose engine counts";
  sync(1);
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
}

TEST_F(ReplicationDurable, ASyncThatIsOverdueCostsTheLease) {  // L1
  holds_syncs_ = {1};
  put(1, "a", "apple");
  run();
  EXPECT_TRUE(at(1).replicas.is_healthy(now_ + 900ms));
  EXPECT_FALSE(at(1).replicas.is_healthy(now_ + 1s));
}

}  // namespace
}  // namespace p2p::diststore::replication
