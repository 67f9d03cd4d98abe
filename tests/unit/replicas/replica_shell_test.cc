// What the stores of three nodes do together, as the map says: write, fill, hand over.
#include "shell_world.h"

namespace p2p::diststore::agreed {
namespace {

using ReplicaShellTest = ShellWorld;

TEST_F(ReplicaShellTest, AWriteIsOnEveryCopyBeforeItIsAnswered) {
  start_all();
  put_in_sync({2, 3});
  EXPECT_EQ(put(1, "value"), Verdict::done);
  for (const unsigned number : {1, 2, 3}) EXPECT_EQ(value_at(number), "value") << number;
}

TEST_F(ReplicaShellTest, AKeyThatHasAWriteUnderWayIsReadWhenItIsCommitted) {
  start_all();
  put_in_sync({2, 3});
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  std::string read;
  nodes[1]->shell->read(partition, kKey, replication::hash_of(kKey), [&read](const Answer& answer) {
    ASSERT_EQ(answer.verdict, Verdict::done);
    read = answer.write->value;
  });
  settle();
  EXPECT_EQ((*written)->verdict, Verdict::done);
  EXPECT_EQ(read, "value");
  EXPECT_EQ(nodes[1]->shell->gate().serving_term(partition), term());
  EXPECT_EQ(nodes[1]->shell->waiting_calls(), 0);
}

// Else a read that follows on the same connection, and needs no strand, would be answered before it.
TEST_F(ReplicaShellTest, AWriteIsUnderWayForReadersAsSoonAsItIsHandedOver) {
  start_all();
  put_in_sync({2, 3});
  const auto is_under_way = [&](unsigned number) {
    return nodes[number]->shell->gate().is_under_way(replication::hash_of(kKey));
  };
  for (const unsigned number : {1, 2}) {  // which takes it, and which refuses it
    const auto written = write(number, KeyWrite::put(kKey, "value"));
    EXPECT_FALSE(written->has_value()) << "never within the call";
    EXPECT_TRUE(is_under_way(number)) << number;
    settle();
    EXPECT_EQ((*written)->verdict, number == 1 ? Verdict::done : Verdict::refused);
    EXPECT_FALSE(is_under_way(number)) << number;
  }
}

TEST_F(ReplicaShellTest, WhoHasReadManyKeysIsAnsweredWhenWhatWasUnderWayIsCommitted) {
  start_all();
  put_in_sync({2, 3});
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  std::vector<Verdict> verdicts;
  for (const unsigned number : {1, 2}) {
    nodes[number]->shell->settle(partition, [&, number](const Answer& answer) {
      verdicts.push_back(answer.verdict);
      EXPECT_TRUE(number == 2 || written->has_value());
    });
  }
  EXPECT_TRUE(verdicts.empty()) << "never within the call";
  settle();
  std::ranges::sort(verdicts);
  EXPECT_EQ(verdicts, (std::vector{Verdict::done, Verdict::refused})) << "2 is no primary";
}

TEST_F(ReplicaShellTest, WritesOfManyClientsShareACall) {
  start_all();
  put_in_sync({2});
  const std::size_t before = carried;
  std::vector<std::shared_ptr<std::optional<Answer>>> answers;
  for (int client = 0; client < 64; ++client) answers.push_back(write(1, KeyWrite::put(kKey, std::to_string(client))));
  settle();
  for (const auto& answer : answers) EXPECT_EQ((*answer)->verdict, Verdict::done);
  EXPECT_EQ(carried, before + 1) << "all writes one way, one acknowledgement back";
}

TEST_F(ReplicaShellTest, AConditionThatIsNotMetSaysWhatIsThere) {
  start_all();
  put_in_sync({2});
  ASSERT_EQ(put(1, "value"), Verdict::done);
  const auto answered = write(1, KeyWrite::put(kKey, "other", {.kind = replication::Condition::Kind::if_absent}));
  settle();
  EXPECT_EQ((*answered)->verdict, Verdict::condition_failed);
  EXPECT_EQ((*answered)->version.term, term());
}

TEST_F(ReplicaShellTest, WhatHasExpiredIsErasedOnEveryCopyThoughNobodyAsks) {
  start_all();
  put_in_sync({2, 3});
  EXPECT_EQ(nodes[1]->shell->feature_level(), map.feature_level);
  KeyWrite expiring = KeyWrite::put(kKey, "value");
  expiring.ttl_ms = 100;
  const auto written = write(1, std::move(expiring));
  settle();
  ASSERT_EQ((*written)->verdict, Verdict::done);
  pass(3s);
  for (const unsigned number : {1, 2, 3}) EXPECT_EQ(value_at(number), "value") << "the time of day stands still";
  wall += 100;
  pass(2s);
  for (const unsigned number : {1, 2, 3}) EXPECT_EQ(value_at(number), "") << number;
  EXPECT_EQ(nodes[1]->shell->expired_keys(), 1);
  EXPECT_EQ(nodes[2]->shell->expired_keys(), 0);
}

// Said by name and in figures, to the log of who is full as well, and to the locator.
TEST_F(ReplicaShellTest, ANodeWhoseMemoryIsFullSaysSo) {
  memory[3] = {.max = 1 << 20, .headroom = 1 << 17};
  start_all();
  put_in_sync({2, 3});
  const auto has_logged = [this](const char* what) {
    return std::ranges::any_of(nodes[3]->log.lines, [&](const auto& line) { return line.find(what) != line.npos; });
  };
  EXPECT_TRUE(nodes[3]->locator->host.takes_copies());
  EXPECT_EQ(put(1, std::string(1'000'000, 'x')), Verdict::done);
  EXPECT_FALSE(nodes[3]->locator->host.takes_copies());
  EXPECT_TRUE(nodes[1]->locator->host.takes_copies());
  EXPECT_TRUE(has_logged("memory_max is reached"));
  const auto refused = write(1, KeyWrite::put(kKey, std::string(1'000'001, 'x')));
  settle();
  EXPECT_EQ((*refused)->verdict, Verdict::full);
  EXPECT_NE((*refused)->why.find("memory_max: at " + cluster::address(3).name()), std::string::npos) << (*refused)->why;
  EXPECT_NE((*refused)->why.find("of 1.0 MiB"), std::string::npos) << (*refused)->why;
  EXPECT_FALSE(has_logged("no longer"));
  EXPECT_EQ(put(1, "small"), Verdict::done);
  EXPECT_TRUE(has_logged("memory_max is no longer reached"));
  EXPECT_TRUE(nodes[3]->locator->host.takes_copies());
  EXPECT_EQ(put(1, std::string(500'000, 'x')), Verdict::done);
}

TEST_F(ReplicaShellTest, WhoeverIsNotThePrimaryRefuses) {
  start_all();
  put_in_sync({2});
  EXPECT_EQ(put(2, "value"), Verdict::refused);
  EXPECT_EQ(put(3, "value"), Verdict::refused);
}

TEST_F(ReplicaShellTest, WithoutALeaseNothingIsAnswered) {
  start_all();
  put_in_sync({2});
  nodes[1]->locator->lease = nodes[1]->strand->now();
  EXPECT_EQ(put(1, "value"), Verdict::refused);
}

// (W6)
TEST_F(ReplicaShellTest, AWriteThatIsCommittedWithoutALeaseIsAnsweredWhenThereIsOneAgain) {
  start_all();
  put_in_sync({2});
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  nodes[1]->strand->run_posted();
  nodes[1]->locator->lease = nodes[1]->strand->now();
  settle();
  EXPECT_FALSE(written->has_value());
  pass(100ms);
  EXPECT_FALSE(written->has_value());
  nodes[1]->locator->lease = TimePoint::max();
  pass(kLookForLeaseEvery);
  ASSERT_TRUE(written->has_value());
  EXPECT_EQ((*written)->verdict, Verdict::done);
}

TEST_F(ReplicaShellTest, ALeaseThatDoesNotComeBackMakesAWriteUnknown) {
  start_all();
  put_in_sync({2});
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  nodes[1]->strand->run_posted();
  nodes[1]->locator->lease = nodes[1]->strand->now();
  pass(replication::kLeaseWaitMax + 50ms);
  ASSERT_TRUE(written->has_value());
  EXPECT_EQ((*written)->verdict, Verdict::unknown);
}

// --- copies ----------------------------------------------------------------------------------------------------------

TEST_F(ReplicaShellTest, ALearnerIsFilledAndReported) {
  start_all();
  put_in_sync({2});
  constexpr int kKeys = 300;  // more than one step of a scan
  std::set<std::string> keys;
  for (int number = 0; static_cast<int>(keys.size()) < kKeys; ++number) {
    std::string key = "key" + std::to_string(number);
    if (placement::partition_of(key, kPartitions) == partition) keys.insert(std::move(key));
  }
  for (const std::string& key : keys) ASSERT_EQ(put(1, "value of " + key, key), Verdict::done);
  change({cluster::learn(partition, 3)});
  pass(100ms);
  EXPECT_EQ(nodes[1]->shell->counts().filling, 1);
  const auto filled = nodes[1]->locator->host.filled(nodes[1]->strand->now());
  ASSERT_EQ(filled.size(), 1u);
  EXPECT_EQ(filled[0].copy, cluster::id(3));
  EXPECT_EQ(filled[0].term, term());
  for (const std::string& key : keys) ASSERT_EQ(value_at(3, key), "value of " + key);
  change({cluster::put_in_sync(map, partition, 3)});
  pass(50ms);
  EXPECT_TRUE(nodes[1]->locator->host.filled(nodes[1]->strand->now()).empty());
  EXPECT_EQ(put(1, "newer"), Verdict::done);
  EXPECT_EQ(value_at(3), "newer");
}

TEST_F(ReplicaShellTest, AnotherPrimaryGoesOnWhereTheFirstHasStopped) {
  start_all();
  put_in_sync({2, 3});
  ASSERT_EQ(put(1, "first"), Verdict::done);
  change({cluster::move_primary(map, partition, 2)});
  pass(50ms);
  EXPECT_EQ(put(1, "late"), Verdict::refused);
  EXPECT_EQ(put(2, "second"), Verdict::done);
  for (const unsigned number : {1, 2, 3}) EXPECT_EQ(value_at(number), "second") << number;
}

TEST_F(ReplicaShellTest, WhatANodeHoldsIsCounted) {
  start_all();
  EXPECT_EQ(nodes[1]->shell->counts().primary, kPartitions);
  EXPECT_TRUE(nodes[1]->shell->has_last_copies());
  EXPECT_FALSE(nodes[2]->shell->has_copies());
  change({cluster::learn(partition, 2)});
  EXPECT_EQ(nodes[2]->shell->counts().learner, 1);
  EXPECT_EQ(nodes[1]->shell->counts().filling, 1);
  change({cluster::put_in_sync(map, partition, 2)});
  EXPECT_EQ(nodes[2]->shell->counts().in_sync, 1);
  EXPECT_EQ(nodes[1]->shell->counts().last_copies, kPartitions - 1);
  EXPECT_FALSE(nodes[2]->shell->has_last_copies());
}

// --- hand-over (H1) --------------------------------------------------------------------------------------------------

TEST_F(ReplicaShellTest, APrimaryConsentsWhenNothingIsUnderWay) {
  start_all();
  put_in_sync({2});
  auto& host = nodes[1]->locator->host;
  const TimePoint now = nodes[1]->strand->now();
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  nodes[1]->strand->run_posted();
  host.stop_serving(partition, term(), now);
  nodes[1]->strand->run_posted();
  EXPECT_FALSE(host.has_stopped(partition, term()));
  settle();
  EXPECT_EQ((*written)->verdict, Verdict::done);
  EXPECT_TRUE(host.has_stopped(partition, term()));
  EXPECT_EQ(put(1, "late"), Verdict::refused);
  EXPECT_FALSE(host.resume(partition, term(), now)) << "it stands";
}

TEST_F(ReplicaShellTest, AHandOverThatIsGivenUpIsNotConsentedToLater) {
  start_all();
  put_in_sync({2});
  auto& host = nodes[1]->locator->host;
  const TimePoint now = nodes[1]->strand->now();
  cut.insert({1, 2});
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  settle();
  host.stop_serving(partition, term(), now);
  settle();
  EXPECT_TRUE(host.resume(partition, term(), now));
  cut.clear();
  pass(2s);
  EXPECT_EQ((*written)->verdict, Verdict::done);
  EXPECT_FALSE(host.has_stopped(partition, term()));
  EXPECT_EQ(put(1, "again"), Verdict::done) << "it serves again";
}

// --- its life --------------------------------------------------------------------------------------------------------

TEST_F(ReplicaShellTest, ItIsEstablishedWhenTheMapNamesThisProcess) {
  bool is_established = false;
  ShellNode& node = start(2, 2);
  node.shell->when_established(Completion([&] { is_established = true; }));
  settle();
  EXPECT_FALSE(is_established);
  change({cluster::up(2, 2)});
  EXPECT_TRUE(is_established);
}

TEST_F(ReplicaShellTest, AStopAnswersEverybody) {
  start_all();
  put_in_sync({2});
  cut.insert({1, 2});
  const auto begun = write(1, KeyWrite::put(kKey, "value"));
  settle();
  const auto waiting = write(1, KeyWrite::put(kKey, "value"));
  nodes[1]->shell->stop();
  EXPECT_EQ((*begun)->verdict, Verdict::unknown);
  ASSERT_TRUE(waiting->has_value());
  EXPECT_EQ(put(1, "late"), Verdict::refused);
  EXPECT_EQ(nodes[1]->shell->waiting_calls(), 0);
  EXPECT_EQ(nodes[1]->strand->timers(), 0u);
}

}  // namespace
}  // namespace p2p::diststore::agreed
