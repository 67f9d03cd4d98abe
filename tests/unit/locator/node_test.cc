// Whole shells, joined by the real bytes, on told time: start, discovery, joining, leaving, ILocator.
#include "shell_fakes.h"

#include "front.h"
#include "membership/classic.h"
#include "node.h"
#include "placement/classic_ring.h"
#include "wire/peer_service.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace p2p::ring {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Location at(int port) { return {"127.0.0.1", static_cast<std::uint16_t>(port)}; }

// What the plugin makes of its configuration.
struct TestNode {
  TestNode(TestTime& time, TestPeers& peers, int port, discovery::Options discovery) : location(at(port)) {
    discovery.self = location;
    changes = std::make_shared<RingChanges>(RingChanges::Options{location},
                                            std::make_shared<placement::ClassicPlacement>(), strand_of(time), log);
    node = std::make_shared<Node>(
        Node::Surroundings{strand, peers, log, "locator.peer", seconds(1)},
        std::make_unique<membership::ClassicMembership>(
            membership::Member{location, time.now().time_since_epoch().count() / 1000, membership::MemberState::alive},
            membership::ClassicOptions{}),
        discovery, changes);
    front = std::make_shared<Front>(node, log);
    methods = std::make_shared<Methods>();
    wire::add_membership_methods(*methods, node);
    peers.endpoints[location] = methods;
  }
  std::shared_ptr<Strand> strand_of(TestTime& time) { return strand = std::make_shared<TestStrand>(time); }

  void begin() {
    node->begin(Completion([this] { is_ready = true; }));
  }

  Location location;
  KeptLog log;
  std::shared_ptr<Strand> strand;
  std::shared_ptr<RingChanges> changes;
  std::shared_ptr<Node> node;
  std::shared_ptr<Front> front;
  std::shared_ptr<Methods> methods;
  bool is_ready = false;
};

class NodeTest : public ::testing::Test {
 protected:
  ~NodeTest() override {
    for (auto& [port, node] : nodes) node->node->halt();
    time.pass(seconds(10));
  }

  TestNode& make(int port, discovery::Options discovery = local()) {
    return *(nodes[port] = std::make_unique<TestNode>(time, peers, port, discovery));
  }
  static discovery::Options local() {
    discovery::Options options;
    for (int port = 9900; port < 9910; ++port) options.candidates.push_back(at(port));
    return options;
  }
  void crash(int port) {
    peers.endpoints.erase(at(port));
    nodes[port]->node->halt();
  }
  std::size_t members(int port) { return nodes[port]->front->view().members().size(); }

  TestTime time;
  TestPeers peers{time};
  std::map<int, std::unique_ptr<TestNode>> nodes;
};

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
    EXPECT_EQ(nodes[port]->front->view().fingerprint(), nodes[9900]->front->view().fingerprint());
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
  joiner.node->begin(Completion([&] { members_when_ready = joiner.front->view().members().size(); }));
  time.pass(milliseconds(10));
  EXPECT_EQ(members_when_ready, 2u);
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
  for (int i = 0; i < 100; ++i) nodes[9900]->front->report_unreachable(at(9901));
  time.settle();
  EXPECT_EQ(members(9900), 3u);
  time.pass(milliseconds(500));
  EXPECT_EQ(members(9900), 2u);
  EXPECT_EQ(members(9902), 2u);
}

TEST_F(NodeTest, ANodeThatLeavesIsGoneFromTheOtherRingsAtOnce) {
  for (const int port : {9900, 9901, 9902}) make(port).begin();
  time.pass(milliseconds(100));
  bool is_done = false;
  nodes[9901]->node->leave(Completion([&] { is_done = true; }));
  time.pass(milliseconds(10));
  EXPECT_TRUE(is_done);
  EXPECT_EQ(members(9900), 2u);
  EXPECT_EQ(members(9902), 2u);
  EXPECT_TRUE(nodes[9900]->log.has("127.0.0.1:9901 left"));
}

TEST_F(NodeTest, ANodeThatLeavesWithNobodyReachableIsDoneAllTheSame) {
  for (const int port : {9900, 9901}) make(port).begin();
  time.pass(milliseconds(100));
  crash(9901);
  bool is_done = false;
  nodes[9900]->node->leave(Completion([&] { is_done = true; }));
  time.pass(seconds(5));
  EXPECT_TRUE(is_done);
}

TEST_F(NodeTest, NamedMembersAreAskedUntilOneIsThere) {
  discovery::Options options;
  options.source = discovery::Source::operators;
  options.candidates = {at(9950)};
  make(9900, options).begin();
  time.pass(seconds(9));
  EXPECT_FALSE(nodes[9900]->is_ready);
  EXPECT_TRUE(nodes[9900]->log.has("127.0.0.1:9950 cannot be joined"));
  time.pass(seconds(2));
  EXPECT_TRUE(nodes[9900]->is_ready);
  EXPECT_TRUE(nodes[9900]->log.has("goes on asking"));
  make(9950).begin();
  time.pass(seconds(1));
  EXPECT_EQ(members(9900), 2u);
  EXPECT_TRUE(nodes[9900]->log.has("joined 1 member via 127.0.0.1:9950"));
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
  alone.front->merge_table(at(9900), nodes[9900]->front->encode_table());
  alone.front->merge_table(at(9900), "garbage");
  time.pass(milliseconds(10));
  EXPECT_EQ(members(9950), 3u);
  EXPECT_TRUE(alone.log.has("sent its table, but"));
}

TEST_F(NodeTest, TheClassicCallsReachTheRing) {
  make(9900).begin();
  time.pass(milliseconds(10));
  nodes[9900]->front->join(at(20000));
  time.settle();
  EXPECT_EQ(members(9900), 2u);
  nodes[9900]->front->add(at(20001), {at(20000)});
  nodes[9900]->front->remove(at(20000), {});
  time.settle();
  EXPECT_EQ(nodes[9900]->front->view().members(), (std::vector<Location>{at(20001), at(9900)}));
  nodes[9900]->front->log_view();
  EXPECT_TRUE(nodes[9900]->log.has("member 127.0.0.1:20001"));
}

TEST_F(NodeTest, AHaltBeforeTheBeginDoesNotWaitForAStrandThatNeverTurns) {
  auto& node = make(9900);
  static_cast<TestStrand&>(*node.strand).is_here = false;
  const auto halted_at = std::chrono::steady_clock::now();
  node.node->halt();
  EXPECT_LT(std::chrono::steady_clock::now() - halted_at, seconds(1));
  node.front->join(at(20000));
  time.pass(seconds(5));
  EXPECT_EQ(members(9900), 1u) << "a strand that does turn runs nothing of it";
}

TEST_F(NodeTest, AfterAHaltNothingRuns) {
  make(9900).begin();
  nodes[9900]->node->halt();
  nodes[9900]->front->join(at(20000));
  time.pass(seconds(5));
  EXPECT_EQ(members(9900), 1u);
}

}  // namespace
}  // namespace p2p::ring
