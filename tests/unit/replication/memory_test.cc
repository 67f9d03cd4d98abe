// What memory_max stops, and what it does not (docs/decisions/0041).
#include "replication_fixture.h"

namespace p2p::diststore::replication {
namespace {

constexpr std::uint64_t kMax = 1 << 20;
constexpr std::uint64_t kHeadroom = kMax / 8;
constexpr std::size_t kValue = 10'000;

class ReplicationMemory : public ReplicationTest {
 protected:
  // Three nodes; those that are named have a limit.
  void start_limited(const std::set<Node>& limited, MemoryBounds bounds = {.max = kMax, .headroom = kHeadroom}) {
    start(3);
    for (const Node node : limited) {
      nodes_[node] = std::make_unique<Process>(ReplicationOptions{.memory = bounds});
      for (const auto& [other, process] : nodes_)
        if (other != node) connect(node, other);
    }
  }
  static std::string value(char of) { return std::string(kValue, of); }
  std::string name(int number) { return "of " + std::to_string(number) + ' '; }

  // Puts until one is refused, each in a run of its own; how many were done.
  int fill(Node primary, int writes_max = 400) {
    for (int done = 0; done < writes_max; ++done) {
      const RequestId one = put(primary, name(done), value('x'));
      run();
      if (answer(one).verdict == Verdict::full) return done;
      EXPECT_EQ(answer(one).verdict, Verdict::done);
    }
    return writes_max;
  }
  std::uint64_t used(Node node) { return at(node).engine.memory_bytes(); }
  void expect_alike(int writes) {
    for (int number = 0; number < writes; ++number)
      for (const Node node : {1u, 2u, 3u}) EXPECT_EQ(stored_at(node, name(number)), value('x')) << number;
  }
};

TEST_F(ReplicationMemory, WithoutALimitNothingIsRefused) {
  start(3);
  form({2, 3});
  EXPECT_EQ(fill(1, 200), 200);
}

TEST_F(ReplicationMemory, APrimaryThatIsFullRefusesBeforeAnythingIsSent) {
  start_limited({1});
  form({2, 3});
  const int done = fill(1);
  EXPECT_GT(done, 80);
  EXPECT_LE(used(1), kMax - kHeadroom);
  const RequestId refused = put(1, "another", value('x'));
  EXPECT_EQ(answer(refused).verdict, Verdict::full) << "at once";
  EXPECT_EQ(answer(refused).full_node, kNoNode);
  EXPECT_EQ(answer(refused).memory, (MemoryUse{.used = used(1), .max = kMax}));
  EXPECT_EQ(count_waiting<Replicate>(1, 2) + count_waiting<Replicate>(1, 3), 0u);
  EXPECT_EQ(stored_at(1, "another"), "(none)");
  run();
  expect_alike(done);
}

TEST_F(ReplicationMemory, WhatMakesNothingLargerGoesOn) {
  start_limited({1, 2, 3});
  form({2, 3});
  fill(1);
  EXPECT_EQ(answer(put(1, name(4), value('y') + value('y'))).verdict, Verdict::full) << "larger than before";
  const RequestId same = put(1, name(0), value('y'));
  const RequestId smaller = put(1, name(1), "small");
  const RequestId erased = erase(1, name(2));
  const RequestId read = get(1, name(3));
  run();
  EXPECT_EQ(answer(same).verdict, Verdict::done);
  EXPECT_EQ(answer(smaller).verdict, Verdict::done);
  EXPECT_EQ(answer(erased).verdict, Verdict::done);
  EXPECT_EQ(value_of(read), value('x'));
  for (const Node node : {1u, 2u, 3u}) EXPECT_EQ(stored_at(node, name(1)), "small");
}

// The last write to a key counts: earlier ones of the batch make no room.
TEST_F(ReplicationMemory, ABatchIsJudgedByWhatItLeaves) {
  start_limited({1});
  form({2, 3});
  fill(1);
  const RequestId larger =
      write(1, {KeyWrite::put(key(name(0)), "small"), KeyWrite::put(key(name(0)), value('y') + value('y'))});
  EXPECT_EQ(answer(larger).verdict, Verdict::full);
  const RequestId moved = write(1, {KeyWrite::erase(key(name(0))), KeyWrite::put(key("a"), "apple")});
  run();
  EXPECT_EQ(answer(moved).verdict, Verdict::done);
  EXPECT_EQ(stored_at(3, "a"), "apple");
}

TEST_F(ReplicationMemory, ErasesMakeRoom) {
  start_limited({1, 2, 3});
  form({2, 3});
  const int done = fill(1);
  for (int number = 0; number < 10; ++number) erase(1, name(number));
  run();
  const RequestId again = put(1, name(0), value('x'));
  run();
  EXPECT_EQ(answer(again).verdict, Verdict::done);
  EXPECT_EQ(stored_at(2, name(done - 1)), value('x'));
}

TEST_F(ReplicationMemory, ACopyThatIsFullIsSparedByItsPrimary) {
  start_limited({3});
  form({2, 3});
  const int done = fill(1);
  EXPECT_GT(done, 80);
  EXPECT_GE(used(3), kMax - kHeadroom) << "it says so when it is";
  EXPECT_LT(used(3), kMax);
  const RequestId refused = put(1, "another", "small");
  EXPECT_EQ(answer(refused).verdict, Verdict::full);
  EXPECT_EQ(answer(refused).full_node, 3u);
  EXPECT_EQ(answer(refused).memory, (MemoryUse{.used = used(3), .max = kMax}));
  expect_alike(done);
}

// What was under way when it became full is applied, though it is more than it may have.
TEST_F(ReplicationMemory, ACopyAppliesWhatIsUnderWayWhateverItsMemory) {
  start_limited({3});
  form({2, 3});
  hold(1, 3);
  std::vector<RequestId> under_way;
  for (int number = 0; number < 200; ++number) under_way.push_back(put(1, name(number), value('x')));
  release(1, 3);
  run();
  for (const RequestId one : under_way) EXPECT_EQ(answer(one).verdict, Verdict::done);
  EXPECT_GT(used(3), kMax);
  EXPECT_TRUE(at(3).replicas.is_healthy(now_));
  expect_alike(200);
  EXPECT_EQ(answer(put(1, "another", "small")).verdict, Verdict::full);
}

// Its memory may be full of other partitions, and be free again, while nothing is written in this one.
TEST_F(ReplicationMemory, ACopySaysByItselfThatItIsFullAndThatItHasRoomAgain) {
  start_limited({3});
  form({2, 3});
  ASSERT_TRUE(at(3).engine.apply_one(Change::set("of another partition", std::string(kMax, 'x'), {1, 1})).ok());
  run();
  EXPECT_EQ(answer(put(1, "a", "apple")).verdict, Verdict::full);
  ASSERT_TRUE(at(3).engine.apply_one(Change::discard("of another partition")).ok());
  EXPECT_EQ(answer(put(1, "a", "apple")).verdict, Verdict::full) << "nobody has heard";
  run();
  const RequestId one = put(1, "a", "apple");
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
  EXPECT_EQ(stored_at(3, "a"), "apple");
}

TEST_F(ReplicationMemory, FullnessOutlivesAConnection) {
  start_limited({3});
  form({2, 3});
  fill(1);
  disconnect(1, 3);
  EXPECT_EQ(answer(put(1, "another", "small")).verdict, Verdict::full);
  connect(1, 3);
  EXPECT_EQ(answer(put(1, "another", "small")).verdict, Verdict::full);
  run();
  EXPECT_EQ(answer(put(1, "another", "small")).verdict, Verdict::full);
}

TEST_F(ReplicationMemory, ALearnerThatIsFullHoldsNoWriteUp) {
  start_limited({3});
  form({2});
  fill(1, 400);
  map({.primary = 1, .in_sync = {2}, .learners = {{3, epoch_ + 1}}, .is_new_term = false});
  run();
  ASSERT_TRUE(at(3).replicas.memory().full());
  const RequestId one = put(1, "another", "small");
  run();
  EXPECT_EQ(answer(one).verdict, Verdict::done);
}

// --- fills -----------------------------------------------------------------------------------------------------------

TEST_F(ReplicationMemory, AFillWaitsWhileTheLearnerHasNoRoomAndIsGivenUp) {
  start_limited({3});
  form({2});
  fill(1, 400);
  map({.primary = 1, .in_sync = {2}, .learners = {{3, epoch_ + 1}}, .is_new_term = false});
  run();
  EXPECT_FALSE(state(3).is_complete);
  EXPECT_FALSE(at(3).replicas.memory().takes_copies());
  const std::uint64_t taken = used(3);
  EXPECT_GE(taken, kMax);
  EXPECT_LT(taken, kMax + kFillMessagesInFlightMax * (kFillBytesMax + 2 * kValue));
  EXPECT_TRUE(at(1).replicas.failed(now_).empty());
  const Duration patience = kLearnerPatience * options_.replica_timeout;
  for (Duration passed{}; passed <= patience; passed += kReplicationTick) {
    pass(kReplicationTick);  // whoever ticks later was late itself
    run();
  }
  EXPECT_EQ(used(3), taken);
  ASSERT_EQ(at(1).replicas.failed(now_).size(), 1u);
  EXPECT_EQ(at(1).replicas.failed(now_).front().copy, 3u);
}

TEST_F(ReplicationMemory, AFillGoesOnWhenThereIsRoomAgain) {
  start_limited({3});
  form({2});
  fill(1, 300);
  map({.primary = 1, .in_sync = {2}, .learners = {{3, epoch_ + 1}}, .is_new_term = false});
  run();
  ASSERT_FALSE(state(3).is_complete);
  for (int number = 0; number < 250; ++number) erase(1, name(number));
  run();
  pass(kReplicationTick);
  run();
  EXPECT_TRUE(state(3).is_complete);
  EXPECT_EQ(stored_at(3, name(299)), value('x'));
}

TEST_F(ReplicationMemory, MaterialGoesAtOnceWhereMemoryIsFull) {
  start_limited({3});
  form({2, 3});
  fill(1);
  map({.primary = 1, .in_sync = {2}});
  pass(1s);
  EXPECT_EQ(stored_at(3, name(0)), "(none)");
  EXPECT_LT(used(3), kMax / 8);
}

// --- the limit -------------------------------------------------------------------------------------------------------

TEST(MemoryLimit, IsLeftOnlyWhenSomeOfTheHeadroomIsFree) {
  MemoryLimit limit({.max = 1000, .headroom = 100});
  EXPECT_FALSE(limit.measure(899));
  EXPECT_TRUE(limit.measure(900));
  EXPECT_EQ(limit.full(), (MemoryUse{.used = 900, .max = 1000}));
  EXPECT_FALSE(limit.full()->is_over());
  EXPECT_FALSE(limit.measure(880)) << "full still";
  EXPECT_TRUE(limit.full());
  EXPECT_TRUE(limit.measure(874));
  EXPECT_FALSE(limit.full());
  EXPECT_TRUE(limit.measure(1000)) << "from none to over";
  EXPECT_TRUE(limit.full()->is_over());
  EXPECT_TRUE(limit.measure(999));
  EXPECT_FALSE(limit.full()->is_over());
}

// Where all nodes have the same, none ever has more than writes may make it.
TEST(MemoryLimit, IsReachedWhereAWriteIsRefusedThatDoesNotFit) {
  MemoryLimit limit({.max = 1000, .headroom = 100});
  limit.measure(890);
  limit.note_refusal();
  EXPECT_TRUE(limit.measure(890));
  EXPECT_TRUE(limit.full());
  EXPECT_FALSE(limit.measure(890)) << "until some of the headroom is free";
  EXPECT_TRUE(limit.measure(870));
  limit.note_refusal();
  EXPECT_FALSE(limit.measure(870)) << "a large write is none of the others' concern";
  EXPECT_FALSE(limit.full());
}

TEST(MemoryLimit, TakesCopiesAgainWhenTwoHeadroomsAreFree) {
  MemoryLimit limit({.max = 1000, .headroom = 100});
  EXPECT_TRUE(limit.takes_copies());
  limit.measure(850);
  EXPECT_TRUE(limit.takes_copies());
  limit.measure(900);
  EXPECT_FALSE(limit.takes_copies());
  limit.measure(800);
  EXPECT_FALSE(limit.takes_copies());
  limit.measure(799);
  EXPECT_TRUE(limit.takes_copies());
}

TEST(MemoryLimit, HasRoomUpToTheHeadroom) {
  MemoryLimit limit({.max = 1000, .headroom = 100});
  limit.measure(500);
  EXPECT_TRUE(limit.has_room_for(400));
  EXPECT_FALSE(limit.has_room_for(401));
  limit.add(1);
  EXPECT_FALSE(limit.has_room_for(400));
  EXPECT_TRUE(MemoryLimit({}).has_room_for(~std::uint64_t{0}));
}

}  // namespace
}  // namespace p2p::diststore::replication
