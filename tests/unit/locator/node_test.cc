// Whole shells, joined by the real bytes, on told time: start, discovery, joining, losing members, ILocator.
#include "node_fixture.h"

#include <string>
#include <vector>

namespace p2p::ring {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(NodeTest, TheFirstNodeFoundsANetworkAndTheNextOnesJoin) {
  make(9900).begin();
  time.pass(milliseconds(10));
  EXPECT_TRUE(nodes[9900]->is_ready);
  EXPECT_TRUE(nodes[9900]->log.has("founded a network"));
  make(9901).begin();
  make(9902).begin();
  time.pass(milliseconds(10));
  EXPECT_TRUE(nodes[9902]->log.has("via 127.0.0.1:990"));
  for (const int port : {9900, 9901, 9902}) {
    EXPECT_EQ(members(port), 3u) << port;
    EXPECT_EQ(nodes[port]->locator->view().fingerprint(), nodes[9900]->locator->view().fingerprint());
  }
}

TEST_F(NodeTest, TenNodesStartedAtOnceAreOneNetworkWithinMilliseconds) {
  for (int port = 9900; port < 9910; ++port) make(port);
  for (auto& [port, node] : nodes) node->begin();
  time.pass(milliseconds(100));
  for (auto& [port, node] : nodes) {
    EXPECT_TRUE(node->is_ready);
    EXPECT_EQ(members(port), 10u) << port;
  }
}

TEST_F(NodeTest, IsReadyOnlyWhenItsRingShowsTheNetwork) {
  make(9900).begin();
  time.pass(milliseconds(10));
  auto& joiner = make(9901);
  std::size_t members_when_ready = 0;
  joiner.node->begin(Completion([&] { members_when_ready = joiner.locator->view().members().size(); }));
  time.pass(milliseconds(10));
  EXPECT_EQ(members_when_ready, 2u);
}

TEST_F(NodeTest, WhoWaitsForItToBeJoinedIsToldWhenItsRingShowsTheNetwork) {
  make(9900).begin();
  time.pass(milliseconds(10));
  auto& joiner = make(9901);
  std::vector<std::size_t> members_when_told;
  const auto wait = [&] {
    joiner.locator->when_joined([&] { members_when_told.push_back(joiner.locator->view().members().size()); });
  };
  wait();
  time.pass(milliseconds(10));
  EXPECT_TRUE(members_when_told.empty()) << "it has not begun to look";
  joiner.begin();
  wait();
  EXPECT_TRUE(members_when_told.empty());
  time.pass(milliseconds(10));
  EXPECT_EQ(members_when_told, (std::vector<std::size_t>{2, 2}));
}

TEST_F(NodeTest, WhoAsksAfterItIsJoinedIsToldAtOnce) {
  make(9900).begin();
  time.pass(milliseconds(10));
  int told = 0;
  nodes[9900]->locator->when_joined([&] { ++told; });
  time.settle();
  EXPECT_EQ(told, 1);
  time.pass(seconds(5));
  EXPECT_EQ(told, 1);
}

TEST_F(NodeTest, WhoWaitsForItToBeJoinedIsNotToldWhenItEndsBefore) {
  peers.silent[at(9905)] = true;
  make(9900).begin();
  bool is_told = false;
  nodes[9900]->locator->when_joined([&] { is_told = true; });
  time.pass(seconds(1));
  nodes[9900]->node->halt();
  time.pass(seconds(10));
  EXPECT_FALSE(is_told);
}

TEST_F(NodeTest, ALayerThatHoldsTheFirstChangesUpHoldsUpWhatWaitsForItToBeJoined) {
  struct Holding final : RingLayer {
    void add(const NodeAddress&, Next next) override { held = std::move(next); }
    Next held;
  };
  make(9900).begin();
  time.pass(milliseconds(10));
  auto& joiner = make(9901);
  const auto layer = std::make_shared<Holding>();
  const auto pushed = joiner.locator->push_layer(0, "holding", layer);
  bool is_told = false;
  joiner.locator->when_joined([&] { is_told = true; });
  joiner.begin();
  time.pass(milliseconds(10));
  EXPECT_FALSE(is_told);
  layer->held();
  time.settle();
  EXPECT_TRUE(is_told);
}

TEST_F(NodeTest, ARingOfAnyNodesIsSortedAndNamesEachOnce) {
  make(9900).begin();
  const auto ring = nodes[9900]->locator->ring_of({at(9901), at(10000), at(9901)});
  EXPECT_EQ(ring->members(), (std::vector<NodeAddress>{at(10000), at(9901)}));
  EXPECT_EQ(members(9900), 1u) << "the node's own ring is another one";
}

TEST_F(NodeTest, ASilentPortHoldsTheFoundingUpForTheDiscoverTimeoutOnly) {
  peers.silent[at(9905)] = true;
  make(9900).begin();
  time.pass(milliseconds(1990));
  EXPECT_FALSE(nodes[9900]->is_ready);
  time.pass(milliseconds(20));
  EXPECT_TRUE(nodes[9900]->is_ready);
}

TEST_F(NodeTest, AKilledNodeIsRemovedAndItsRestartJoinsAgain) {
  for (const int port : {9900, 9901, 9902}) make(port).begin();
  time.pass(milliseconds(100));
  crash(9901);
  time.pass(seconds(2));
  EXPECT_EQ(members(9900), 2u);
  EXPECT_EQ(members(9902), 2u);
  make(9901).begin();
  time.pass(milliseconds(100));
  EXPECT_EQ(members(9900), 3u);
  EXPECT_EQ(members(9901), 3u);
}

TEST_F(NodeTest, ReportsOfAnUnreachableMemberBringItsEndNearer) {
  for (const int port : {9900, 9901, 9902}) make(port).begin();
  time.pass(milliseconds(100));
  crash(9901);
  for (int i = 0; i < 100; ++i) nodes[9900]->locator->report_unreachable(at(9901));
  time.settle();
  EXPECT_EQ(members(9900), 3u);
  time.pass(milliseconds(500));
  EXPECT_EQ(members(9900), 2u);
  EXPECT_EQ(members(9902), 2u);
}

TEST_F(NodeTest, NamedMembersAreAskedUntilOneIsThere) {
  make(9900, named({9950})).begin();
  time.pass(seconds(900));
  EXPECT_FALSE(nodes[9900]->is_ready);
  EXPECT_TRUE(nodes[9900]->log.has("127.0.0.1:9950 cannot be joined"));
  EXPECT_NE(nodes[9900]->waits_for_network.find("127.0.0.1:9950"), std::string::npos);
  make(9950).begin();
  time.pass(seconds(1));
  EXPECT_TRUE(nodes[9900]->is_ready);
  EXPECT_EQ(nodes[9900]->waits_for_network, "");
  EXPECT_EQ(members(9900), 2u);
  EXPECT_TRUE(nodes[9900]->log.has("joined 1 member via 127.0.0.1:9950"));
}

TEST_F(NodeTest, WhoJoinsANodeThatWaitsWaitsToo) {
  make(9900, named({9950})).begin();
  make(9901, named({9900})).begin();
  make(9902, local()).begin();
  time.pass(seconds(60));
  for (auto& [port, node] : nodes) {
    EXPECT_FALSE(node->is_ready) << port;
    EXPECT_NE(node->waits_for_network.find("127.0.0.1:9950"), std::string::npos) << port;
  }
  make(9950).begin();
  time.pass(seconds(2));
  for (auto& [port, node] : nodes) {
    EXPECT_TRUE(node->is_ready) << port;
    EXPECT_EQ(members(port), 4u) << port;
  }
}

TEST_F(NodeTest, NodesThatAreToldToJoinEachOtherAreANetwork) {
  for (const int port : {9900, 9901}) make(port, named({9900, 9901, 9902})).begin();
  time.pass(seconds(60));
  EXPECT_FALSE(nodes[9900]->is_ready);
  EXPECT_FALSE(nodes[9901]->is_ready);
  make(9902, named({9900, 9901, 9902})).begin();
  time.pass(seconds(2));
  for (auto& [port, node] : nodes) {
    EXPECT_TRUE(node->is_ready) << port;
    EXPECT_EQ(members(port), 3u) << port;
  }
}

TEST_F(NodeTest, ANamedMemberThatHasGoneIsNotSaidToLetNobodyIn) {
  make(9950, {}).begin();
  make(9951, {}).begin();
  auto& node = make(9900, named({9950, 9951}));
  node.begin();
  time.pass(seconds(10));
  ASSERT_EQ(members(9900), 3u);
  nodes[9950]->leave();
  time.pass(milliseconds(10));
  crash(9950);
  crash(9951);
  time.pass(seconds(20));
  EXPECT_EQ(members(9900), 1u);
  EXPECT_TRUE(node.log.has("127.0.0.1:9950 has left"));
  EXPECT_TRUE(node.log.has("127.0.0.1:9951 has died"));
  EXPECT_FALSE(node.log.has("cannot be joined"));
}

TEST_F(NodeTest, TwoNetworksOfOneFindEachOther) {
  peers.silent[at(9900)] = true;
  peers.silent[at(9901)] = true;
  make(9900).begin();
  make(9901).begin();
  time.pass(seconds(3));
  EXPECT_EQ(members(9900), 1u);
  peers.silent.clear();
  time.pass(seconds(5));
  EXPECT_EQ(members(9900), 2u);
  EXPECT_EQ(members(9901), 2u);
}

TEST_F(NodeTest, ATableFromAnotherNodeIsMergedAndGarbageIsLogged) {
  for (const int port : {9900, 9901}) make(port).begin();
  time.pass(milliseconds(100));
  auto& alone = make(9950, {});
  alone.begin();
  time.pass(milliseconds(10));
  alone.locator->merge_table(at(9900), nodes[9900]->locator->encode_table());
  alone.locator->merge_table(at(9900), "garbage");
  time.pass(milliseconds(10));
  EXPECT_EQ(members(9950), 3u);
  EXPECT_TRUE(alone.log.has("sent its table, but"));
}

TEST_F(NodeTest, TheClassicCallsReachTheRing) {
  make(9900).begin();
  time.pass(milliseconds(10));
  nodes[9900]->locator->join(at(20000));
  time.settle();
  EXPECT_EQ(members(9900), 2u);
  nodes[9900]->locator->add(at(20001), {at(20000)});
  nodes[9900]->locator->remove(at(20000), {});
  time.settle();
  EXPECT_EQ(nodes[9900]->locator->view().members(), (std::vector<NodeAddress>{at(20001), at(9900)}));
  nodes[9900]->locator->log_view();
  EXPECT_TRUE(nodes[9900]->log.has("member 127.0.0.1:20001"));
}

TEST_F(NodeTest, AHaltBeforeTheBeginDoesNotWaitForAStrandThatNeverTurns) {
  auto& node = make(9900);
  static_cast<TestStrand&>(*node.strand).is_here = false;
  const auto owners = node.node.use_count();
  node.node->halt();
  EXPECT_EQ(node.node.use_count(), owners) << "a halt that waits leaves itself with the strand";
  node.locator->join(at(20000));
  time.pass(seconds(5));
  EXPECT_EQ(members(9900), 1u) << "a strand that does turn runs nothing of it";
}

TEST_F(NodeTest, AfterAHaltNothingRuns) {
  make(9900).begin();
  nodes[9900]->node->halt();
  nodes[9900]->locator->join(at(20000));
  time.pass(seconds(5));
  EXPECT_EQ(members(9900), 1u);
}

}  // namespace
}  // namespace p2p::ring
