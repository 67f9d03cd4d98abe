// What the stores of three nodes do when links break, nodes restart or hang, and maps come late.
#include "shell_world.h"

namespace p2p::diststore::agreed {
namespace {

using ReplicaShellTroubles = ShellWorld;

TEST_F(ReplicaShellTroubles, AWriteWaitsForALinkThatIsBackSoon) {
  start_all();
  put_in_sync({2, 3});
  cut.insert({1, 2});
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  pass(60ms);
  EXPECT_FALSE(written->has_value());
  cut.clear();
  pass(150ms);
  ASSERT_TRUE(written->has_value());
  EXPECT_EQ((*written)->verdict, Verdict::done);
  EXPECT_EQ(value_at(2), "value");
}

TEST_F(ReplicaShellTroubles, ACopyThatIsCutOffIsReportedAndWritesGoOnWithoutIt) {
  start_all();
  put_in_sync({2, 3});
  cut.insert({1, 2});
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  pass(200ms);
  const auto failed = nodes[1]->locator->host.failed(nodes[1]->strand->now());
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].copy, cluster::id(2));
  EXPECT_EQ(failed[0].since, 0u);
  change({cluster::take_out(map, partition, 2)});
  pass(50ms);
  EXPECT_EQ((*written)->verdict, Verdict::done);
  cut.clear();
  change({cluster::learn(partition, 2)});
  pass(200ms);
  EXPECT_EQ(value_at(2), "value") << "it has what it lacked";
  EXPECT_EQ(nodes[1]->locator->host.filled(nodes[1]->strand->now()).size(), 1u);
}

// (I1)
TEST_F(ReplicaShellTroubles, ALargeValueOverASlowLinkIsNoFaultOfACopy) {
  start_all();
  put_in_sync({2});
  const std::uint64_t sessions = drawn;
  bytes_per_second = kLinkBytesPerSecondMin * 3 / 2;
  const auto large = write(1, KeyWrite::put(kKey, std::string(std::size_t{6} << 20, 'v')));
  settle();
  const auto small = write(1, KeyWrite::put(kKey, "behind it"));
  for (int step = 0; step < 50 && !small->has_value(); ++step) {
    pass(100ms, 50ms);
    ASSERT_TRUE(nodes[1]->locator->host.failed(nodes[1]->strand->now()).empty()) << step;
  }
  ASSERT_TRUE(large->has_value() && small->has_value());
  EXPECT_EQ((*large)->verdict, Verdict::done);
  EXPECT_EQ((*small)->verdict, Verdict::done);
  EXPECT_EQ(drawn, sessions) << "in the same session";
  bytes_per_second.reset();
  on_their_way.clear();
}

// (E1)
TEST_F(ReplicaShellTroubles, WhatTheOwnHostDoesNotSendIsNoFaultOfACopy) {
  start_all();
  put_in_sync({2});
  const std::uint64_t sessions = drawn;
  overloaded.insert(1);
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  pass(500ms);
  EXPECT_FALSE(written->has_value());
  EXPECT_TRUE(nodes[1]->locator->host.failed(nodes[1]->strand->now()).empty());
  overloaded.clear();
  pass(50ms);
  ASSERT_TRUE(written->has_value());
  EXPECT_EQ((*written)->verdict, Verdict::done);
  EXPECT_EQ(drawn, sessions) << "in the same session";
}

TEST_F(ReplicaShellTroubles, ANodeThatRestartsIsFilledAnew) {
  start_all();
  put_in_sync({2, 3});
  ASSERT_EQ(put(1, "value"), Verdict::done);
  kill(2);
  pass(50ms);
  start(2, 2);
  change({cluster::up(2, 2)});
  EXPECT_EQ(value_at(2), "");
  change({cluster::learn(partition, 2)});
  pass(200ms);
  EXPECT_EQ(value_at(2), "value");
  change({cluster::put_in_sync(map, partition, 2)});
  EXPECT_EQ(put(1, "newer"), Verdict::done);
  EXPECT_EQ(value_at(2), "newer");
}

TEST_F(ReplicaShellTroubles, ACopyTakesOverFromAPrimaryThatDied) {
  start_all();
  put_in_sync({2, 3});
  ASSERT_EQ(put(1, "value"), Verdict::done);
  kill(1);
  change({cluster::down(1)});
  pass(100ms);
  ASSERT_EQ(cluster::primary_of(map, partition), 2u);
  EXPECT_EQ(put(2, "newer"), Verdict::done);
  EXPECT_EQ(value_at(3), "newer");
}

// (W3)
TEST_F(ReplicaShellTroubles, WhoeverIsBehindComparesMapsAndTakesWhatWaits) {
  start_all();
  put_in_sync({2});
  const ClusterMap before = map;
  map = cluster::after(map, {cluster::learn(partition, 3)});
  show(1);
  nodes[3]->locator->compared.clear();
  pass(20ms);
  EXPECT_FALSE(nodes[3]->locator->compared.empty());
  EXPECT_TRUE(nodes[1]->locator->host.filled(nodes[1]->strand->now()).empty());
  show(3);
  pass(100ms);
  EXPECT_EQ(nodes[1]->locator->host.filled(nodes[1]->strand->now()).size(), 1u);
}

TEST_F(ReplicaShellTroubles, AStrandThatHangsIsNotHealthy) {
  start_all();
  ShellNode& node = *nodes[1];
  EXPECT_TRUE(node.shell->is_healthy());
  pass(20ms);
  EXPECT_TRUE(node.shell->is_healthy());
  // Its clock goes on, and nothing runs.
  node.strand->cost_of_now = kStrandHangMax;
  EXPECT_FALSE(node.shell->is_healthy());
  node.strand->cost_of_now = {};
  settle();
  EXPECT_TRUE(node.shell->is_healthy());
}

// A node that went on without what was half done would keep its lease and serve nothing.
TEST_F(ReplicaShellTroubles, AnExceptionInARunEndsTheProcess) {
  start_all();
  has_memory = false;
  EXPECT_DEATH(change({cluster::learn(partition, 2)}), "the store's strand.*bad_alloc");
}

TEST_F(ReplicaShellTroubles, AnAnswerThatCannotBeGivenConcernsNoOtherCall) {
  start_all();
  put_in_sync({2});
  nodes[1]->shell->write(partition, replication::batch_of(KeyWrite::put(kKey, "value")),
                         [](const Answer&) { throw std::bad_alloc(); });
  EXPECT_EQ(put(1, "newer"), Verdict::done);
  EXPECT_EQ(put(1, "newest"), Verdict::done);
  EXPECT_EQ(nodes[1]->log.lines.size(), 1u);
  nodes[1]->shell->write(partition, replication::batch_of(KeyWrite::put(kKey, "value")),
                         [](const Answer&) { throw 7; });
  EXPECT_EQ(put(1, "last"), Verdict::done);
  EXPECT_EQ(nodes[1]->log.lines.size(), 2u);
  EXPECT_EQ(nodes[1]->shell->waiting_calls(), 0);
}

TEST_F(ReplicaShellTroubles, ANodeThatBeginsAnewForgetsWhatItHeld) {
  start_all();
  put_in_sync({2});
  ASSERT_EQ(put(1, "value"), Verdict::done);
  const replication::ReadGate& gate = nodes[1]->shell->gate();
  nodes[1]->locator->host.begin(cluster::id(1), cluster::boot(1));
  map = cluster::founded({.partitions = kPartitions});
  map.cluster.low = 99;
  show(1);
  settle();
  EXPECT_EQ(gate.serving_term(partition), 0u);
  EXPECT_EQ(value_at(1), "");
  EXPECT_EQ(nodes[1]->shell->counts().primary, kPartitions);
  EXPECT_EQ(put(1, "other"), Verdict::done) << "although the epoch is lower";
}

TEST_F(ReplicaShellTroubles, BytesThatMakeNoSenseAreRefused) {
  start_all();
  std::optional<Result<std::string>> reply;
  std::string message = wire::encode_deliver(1, {.number = 1});
  message.resize(message.size() - 2);
  CarriedCall::dispatch(nodes[1]->methods, message, [&](Result<std::string> ended) { reply = std::move(ended); });
  settle();
  ASSERT_TRUE(reply);
  EXPECT_FALSE(reply->ok());
  EXPECT_EQ(nodes[1]->log.lines.size(), 1u);
}

TEST_F(ReplicaShellTroubles, AnotherProcessAtTheAddressIsNotTakenForTheNode) {
  start_all();
  put_in_sync({2});
  nodes[2]->locator->host.begin(cluster::id(9), cluster::boot(1));
  ClusterMap other = cluster::founded({.partitions = kPartitions});
  other.cluster.low = 99;
  nodes[2]->locator->host.on_map(std::make_shared<const ClusterMap>(other), {}, nodes[2]->strand->now());
  const auto written = write(1, KeyWrite::put(kKey, "value"));
  pass(300ms);
  EXPECT_FALSE(written->has_value());
  EXPECT_EQ(nodes[1]->locator->host.failed(nodes[1]->strand->now()).size(), 1u);
}

}  // namespace
}  // namespace p2p::diststore::agreed
