// Whole shells together with nodes of the 2009 system: how they join through one, and in which form they call it.
#include "node_fixture.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace p2p::ring {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class NodeOf2009Test : public NodeTest {
 protected:
  static std::ptrdiff_t place(const std::vector<std::string>& received, const std::string& call) {
    return std::find(received.begin(), received.end(), call) - received.begin();
  }
  // Node 9900 of ours, with the old node 9850, which has joined it.
  void start_with_old_node() {
    old_node(9850).members = {at(9850), at(9900)};
    make(9900, {}).begin();
    time.pass(milliseconds(10));
    nodes[9900]->locator->join(at(9850));
    time.settle();
    ASSERT_EQ(members(9900), 2u);
  }
};

TEST_F(NodeOf2009Test, JoiningThroughOneAsksWhomItKnowsTakesThemOverAndOnlyThenJoins) {
  auto& via = old_node(9850);
  via.members = {at(9850), at(9851)};
  old_node(9851).members = via.members;
  auto& joiner = make(9900, named({9850}));
  std::size_t members_when_joined = 0;
  bool was_ready_when_joined = true;
  via.when_joined = [&] {
    members_when_joined = members(9900);
    was_ready_when_joined = joiner.is_ready;
  };
  joiner.begin();
  time.pass(milliseconds(100));
  ASSERT_FALSE(via.received.empty());
  EXPECT_EQ(via.unknown_calls, 1) << "it is asked as one of ours would be, once";
  EXPECT_EQ(via.received[0], "get_all");
  EXPECT_EQ(std::count(via.received.begin(), via.received.end(), "join 127.0.0.1:9900"), 1);
  EXPECT_EQ(members_when_joined, 3u);
  EXPECT_FALSE(was_ready_when_joined);
  EXPECT_TRUE(joiner.is_ready);
  EXPECT_EQ(members(9900), 3u);
  EXPECT_TRUE(joiner.log.has("joined 2 members via 127.0.0.1:9850"));
}

TEST_F(NodeOf2009Test, OneOnAPortOfThisMachineIsJoinedToo) {
  old_node(9905).members = {at(9905)};
  make(9900).begin();
  time.pass(milliseconds(100));
  EXPECT_TRUE(nodes[9900]->is_ready);
  EXPECT_TRUE(old_node(9905).has_received("join 127.0.0.1:9900"));
  EXPECT_TRUE(nodes[9900]->log.has("joined 1 member via 127.0.0.1:9905"));
}

TEST_F(NodeOf2009Test, WhenItDoesNotSayWhomItKnowsItIsNotJoinedAndAskedAgain) {
  auto& via = old_node(9850);
  via.members = {at(9850)};
  via.broken_methods = {"get_all"};
  make(9900, named({9850})).begin();
  time.pass(seconds(1));
  EXPECT_FALSE(nodes[9900]->is_ready);
  EXPECT_EQ(members(9900), 1u);
  EXPECT_FALSE(via.has_received("join 127.0.0.1:9900"));
  EXPECT_TRUE(nodes[9900]->log.has("127.0.0.1:9850 cannot be joined: the connection broke"));
  EXPECT_GE(via.unknown_calls, 2);
  via.broken_methods.clear();
  time.pass(seconds(1));
  EXPECT_TRUE(nodes[9900]->is_ready);
  EXPECT_EQ(members(9900), 2u);
}

TEST_F(NodeOf2009Test, WhenTheJoinItselfFailsItIsAskedAgain) {
  auto& via = old_node(9850);
  via.members = {at(9850)};
  via.broken_methods = {"join"};
  make(9900, named({9850})).begin();
  time.pass(seconds(1));
  EXPECT_FALSE(nodes[9900]->is_ready);
  EXPECT_GE(via.unknown_calls, 2);
  EXPECT_GE(std::count(via.received.begin(), via.received.end(), "join 127.0.0.1:9900"), 2);
  via.broken_methods.clear();
  time.pass(seconds(1));
  EXPECT_TRUE(nodes[9900]->is_ready);
}

TEST_F(NodeOf2009Test, OneThatFallsSilentIsWaitedForAndJoinedWhenItSpeaksAgain) {
  old_node(9850).members = {at(9850)};
  old_node(9850).broken_methods = {"get_all"};
  make(9900, named({9850})).begin();
  time.pass(milliseconds(10));
  peers.silent[at(9850)] = true;
  time.pass(seconds(60));
  EXPECT_FALSE(nodes[9900]->is_ready);
  peers.silent.clear();
  old_node(9850).broken_methods.clear();
  time.pass(seconds(3));
  EXPECT_TRUE(nodes[9900]->is_ready);
  EXPECT_EQ(members(9900), 2u);
}

TEST_F(NodeOf2009Test, NewsReachesAMemberOfThe2009SystemInItsOwnForm) {
  start_with_old_node();
  make(9901, named({9900})).begin();
  time.pass(milliseconds(100));
  EXPECT_EQ(members(9901), 3u);
  EXPECT_TRUE(old_node(9850).has_received("add 127.0.0.1:9901 by 127.0.0.1:9900 127.0.0.1:9901"))
      << "the newcomer knows: it would hand its keys over to itself";
}

// It pings a joiner before it has done with the join; everything else counts only once it has been executed.
TEST_F(NodeOf2009Test, OnlyAJoinIsNotWaitedFor) {
  auto& via = old_node(9850);
  via.members = {at(9850)};
  make(9900, named({9850})).begin();
  time.pass(milliseconds(100));
  make(9901, named({9900})).begin();
  time.pass(milliseconds(100));
  nodes[9901]->leave();
  time.pass(milliseconds(100));
  EXPECT_EQ(via.expected, (std::map<std::string, Peers::Expect>{{"get_all", Peers::Expect::reply},
                                                                {"join", Peers::Expect::nothing},
                                                                {"add", Peers::Expect::execution},
                                                                {"remove", Peers::Expect::execution}}));
}

TEST_F(NodeOf2009Test, AMemberOfThe2009SystemIsSurveyedAtEveryInterval) {
  start_with_old_node();
  time.pass(seconds(10));
  const auto surveys = std::count(old_node(9850).received.begin(), old_node(9850).received.end(), "get_all");
  EXPECT_GE(surveys, 9);
  EXPECT_LE(surveys, 11);
  EXPECT_EQ(old_node(9850).received.size(), static_cast<std::size_t>(surveys)) << "and there is nothing to mend";
  EXPECT_EQ(old_node(9850).unknown_calls, 1);
}

TEST_F(NodeOf2009Test, ASurveyMendsBothSides) {
  start_with_old_node();
  make(9901, named({9900})).begin();
  time.pass(milliseconds(100));
  old_node(9850).received.clear();
  old_node(9850).members = {at(9850), at(9852), at(9900)};
  old_node(9852).members = {at(9850), at(9852), at(9900), at(9901)};
  time.pass(seconds(3));
  EXPECT_EQ(members(9900), 4u);
  EXPECT_EQ(members(9901), 4u);
  EXPECT_NE(place(old_node(9850).received,
                  "add 127.0.0.1:9901 by 127.0.0.1:9850 127.0.0.1:9852 127.0.0.1:9900 127.0.0.1:9901"),
            std::ssize(old_node(9850).received));
}

TEST_F(NodeOf2009Test, WhoLeavesTellsItBeforeTheHandOverAndNotAgain) {
  start_with_old_node();
  const auto layer = std::make_shared<HandingOver>();
  const auto pushed = nodes[9900]->locator->push_layer(0, "handing over", layer);
  nodes[9900]->leave();
  time.pass(milliseconds(10));
  ASSERT_TRUE(layer->held.pending());
  EXPECT_TRUE(old_node(9850).has_received("remove 127.0.0.1:9900 by 127.0.0.1:9900"));
  old_node(9850).members = {at(9850)};
  old_node(9850).received.clear();
  layer->held();
  time.pass(milliseconds(10));
  EXPECT_TRUE(nodes[9900]->has_left);
  EXPECT_TRUE(old_node(9850).received.empty());
}

TEST_F(NodeOf2009Test, OneThatIsKilledIsRemoved) {
  start_with_old_node();
  time.pass(seconds(2));
  peers.old_nodes.erase(at(9850));
  time.pass(seconds(3));
  EXPECT_EQ(members(9900), 1u);
  EXPECT_TRUE(nodes[9900]->log.has("127.0.0.1:9850 has died"));
}

TEST_F(NodeOf2009Test, OneThatLeavesIsSaidToHaveLeftAndNothingElse) {
  old_node(9850).members = {at(9850)};
  auto& node = make(9900, named({9850}));
  node.begin();
  time.pass(milliseconds(100));
  ASSERT_EQ(members(9900), 2u);
  node.locator->remove(at(9850), {at(9850)});
  peers.old_nodes.erase(at(9850));
  time.pass(seconds(20));
  EXPECT_EQ(members(9900), 1u);
  EXPECT_TRUE(node.log.has("127.0.0.1:9850 has left"));
  EXPECT_FALSE(node.log.has("127.0.0.1:9850 has died"));
  EXPECT_FALSE(node.log.has("cannot be joined"));
}

TEST_F(NodeOf2009Test, OneWithAHighPortIsCalledByItsName) {
  old_node(40000).members = {at(40000), at(9900)};
  make(9900, named({40000})).begin();
  time.pass(milliseconds(100));
  EXPECT_EQ(nodes[9900]->locator->view().members(), (std::vector<NodeAddress>{at(40000), at(9900)}));
}

TEST_F(NodeOf2009Test, OneThatIsOnNoRingIsNotJoined) {
  old_node(9850);
  auto& node = make(9900, named({9850}));
  node.begin();
  time.pass(seconds(2));
  EXPECT_TRUE(node.log.has("127.0.0.1:9850 cannot be joined: it is on no ring"));
  EXPECT_FALSE(old_node(9850).has_received("join 127.0.0.1:9900"));
}

TEST_F(NodeOf2009Test, OneThatIsNamedByAnAliasIsOneMemberAndJoinedOnce) {
  auto& alias = peers.old_nodes[NodeAddress{"localhost", 9850}];
  alias.members = {at(9850)};
  alias.when_joined = [&] { alias.members = {at(9850), at(9900)}; };
  old_node(9850).members = {at(9850), at(9900)};
  auto options = named({});
  options.candidates = {{"localhost", 9850}};
  make(9900, options).begin();
  time.pass(seconds(90));
  EXPECT_EQ(nodes[9900]->locator->view().members(), (std::vector<NodeAddress>{at(9850), at(9900)}));
  EXPECT_EQ(std::count(alias.received.begin(), alias.received.end(), "join 127.0.0.1:9900"), 1);
}

TEST_F(NodeOf2009Test, ANodeThatLeavesJoinsNobodyAnyMore) {
  auto& node = make(9900);
  node.begin();
  time.pass(milliseconds(10));
  const auto layer = std::make_shared<HandingOver>();
  const auto pushed = node.locator->push_layer(0, "handing over", layer);
  node.leave();
  time.settle();
  old_node(9905).members = {at(9905)};
  time.pass(seconds(5));
  EXPECT_TRUE(old_node(9905).received.empty());
}

TEST_F(NodeOf2009Test, ANodeThatLeavesBeforeItHasJoinedDoesNotJoin) {
  old_node(9850).members = {at(9850)};
  auto& node = make(9900, named({9850}));
  const auto layer = std::make_shared<HandingOver>();
  const auto pushed = node.locator->push_layer(0, "handing over", layer);
  bool has_joined = false;
  node.locator->when_joined([&] { has_joined = true; });
  node.begin();
  time.pass(std::chrono::microseconds(50));
  node.leave();
  time.pass(seconds(5));
  EXPECT_FALSE(old_node(9850).has_received("join 127.0.0.1:9900"));
  EXPECT_FALSE(has_joined);
}

}  // namespace
}  // namespace p2p::ring
