// Whole shells, joined by the real bytes, on told time: how one of them leaves, and what the others see of it.
#include "node_fixture.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace p2p::ring {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LeavingNodeTest : public NodeTest {
 protected:
  void start(const std::vector<int>& ports) {
    for (const int port : ports) make(port).begin();
    time.pass(milliseconds(100));
  }
  std::shared_ptr<HandingOver> layer_of(int port) {
    auto layer = std::make_shared<HandingOver>();
    layers.push_back(nodes[port]->locator->push_layer(0, "handing over", layer));
    return layer;
  }
  // What listeners on `port` hear of 9901.
  void follow(int port) {
    layers.push_back(nodes[port]->locator->subscribe("test", [this, port](const p2p::RingChange& change) {
      const auto& left = change.removed;
      const bool is_off = std::find(left.begin(), left.end(), at(9901)) != left.end();
      const bool is_silent = change.added.empty() && left.empty();
      if (is_off) events.push_back("off the ring of " + std::to_string(port));
      if (is_silent && change.view->leaving().empty()) events.push_back("gone from " + std::to_string(port));
    }));
  }

  std::vector<std::string> events;
  std::vector<Subscription> layers;
};

TEST_F(LeavingNodeTest, ANodeThatLeavesIsGoneFromTheOtherRingsAtOnce) {
  start({9900, 9901, 9902});
  nodes[9901]->leave();
  time.pass(milliseconds(10));
  EXPECT_TRUE(nodes[9901]->has_left);
  for (const int port : {9900, 9902}) {
    EXPECT_EQ(members(port), 2u);
    EXPECT_TRUE(leaving(port).empty());
    EXPECT_TRUE(nodes[port]->log.has("127.0.0.1:9901 leaves, and hands over what it holds"));
    EXPECT_TRUE(nodes[port]->log.has("127.0.0.1:9901 has left"));
  }
}

TEST_F(LeavingNodeTest, FirstItsOwnRingThenTheOthersThenTheCleanupLayersThenItsEnd) {
  start({9900, 9901});
  struct Telling final : RingLayer {
    explicit Telling(std::vector<std::string>& to) : events(to) {}
    void cleanup(std::shared_ptr<const RingView>, Next next) override {
      events.push_back("handed over");
      next();
    }
    std::vector<std::string>& events;
  };
  follow(9900);
  follow(9901);
  layers.push_back(nodes[9901]->locator->push_layer(0, "telling", std::make_shared<Telling>(events)));
  nodes[9901]->node->leave(Completion([this] { events.emplace_back("done"); }));
  time.pass(milliseconds(10));
  EXPECT_EQ(events, (std::vector<std::string>{"off the ring of 9901", "off the ring of 9900", "handed over",
                                              "gone from 9900", "done"}));
}

TEST_F(LeavingNodeTest, WhileItHandsOverTheOthersSeeItLeaving) {
  start({9900, 9901, 9902});
  const auto layer = layer_of(9901);
  nodes[9901]->leave();
  time.pass(seconds(20));
  EXPECT_FALSE(nodes[9901]->has_left);
  EXPECT_EQ(layer->ring->members(), (std::vector<NodeAddress>{at(9900), at(9902)}));
  EXPECT_EQ(nodes[9901]->locator->view().members(), (std::vector<NodeAddress>{at(9900), at(9902)}));
  for (const int port : {9900, 9902}) {
    EXPECT_EQ(members(port), 2u);
    EXPECT_EQ(leaving(port), std::vector<NodeAddress>{at(9901)});
    EXPECT_EQ(nodes[port]->locator->view().fingerprint(), nodes[9901]->locator->view().fingerprint());
  }
  layer->held();
  time.pass(milliseconds(10));
  EXPECT_TRUE(nodes[9901]->has_left);
  EXPECT_TRUE(leaving(9900).empty());
  EXPECT_TRUE(leaving(9902).empty());
}

TEST_F(LeavingNodeTest, WhoJoinsMeanwhileKnowsOfTheLeavingNodeAndIsKnownToIt) {
  start({9900, 9901});
  const auto layer = layer_of(9901);
  nodes[9901]->leave();
  time.pass(milliseconds(10));
  make(9903).begin();
  time.pass(seconds(3));
  EXPECT_EQ(leaving(9903), std::vector<NodeAddress>{at(9901)});
  EXPECT_EQ(nodes[9903]->locator->view().members(), (std::vector<NodeAddress>{at(9900), at(9903)}));
  EXPECT_EQ(nodes[9901]->locator->view().members(), (std::vector<NodeAddress>{at(9900), at(9903)}));
}

TEST_F(LeavingNodeTest, ANodeThatCrashesWhileItHandsOverIsNoLongerLeaving) {
  start({9900, 9901, 9902});
  const auto layer = layer_of(9901);
  nodes[9901]->leave();
  time.pass(milliseconds(10));
  crash(9901);
  time.pass(seconds(3));
  EXPECT_TRUE(leaving(9900).empty());
  EXPECT_TRUE(leaving(9902).empty());
}

TEST_F(LeavingNodeTest, WithNobodyReachableItHandsOverAndIsDoneAllTheSame) {
  start({9900, 9901});
  const auto layer = layer_of(9900);
  crash(9901);
  nodes[9900]->leave();
  time.pass(seconds(5));
  ASSERT_TRUE(layer->held.pending());
  EXPECT_FALSE(nodes[9900]->has_left);
  layer->held();
  time.pass(seconds(5));
  EXPECT_TRUE(nodes[9900]->has_left);
}

TEST_F(LeavingNodeTest, TheLastNodeCleansUpWithAnEmptyRing) {
  start({9900});
  const auto layer = layer_of(9900);
  nodes[9900]->leave();
  time.settle();
  ASSERT_NE(layer->ring, nullptr);
  EXPECT_TRUE(layer->ring->members().empty());
  EXPECT_EQ(members(9900), 0u);
  layer->held();
  time.settle();
  EXPECT_TRUE(nodes[9900]->has_left);
}

TEST_F(LeavingNodeTest, AHaltDuringTheHandOverEndsTheLeaving) {
  start({9900, 9901});
  const auto layer = layer_of(9901);
  nodes[9901]->leave();
  time.pass(milliseconds(10));
  nodes[9901]->node->halt();
  EXPECT_TRUE(nodes[9901]->has_left);
  layer->held();
  time.pass(milliseconds(10));
  EXPECT_EQ(leaving(9900), std::vector<NodeAddress>{at(9901)}) << "a halted node announces nothing";
}

}  // namespace
}  // namespace p2p::ring
