// A client of an agreed cluster, whose nodes the test plays: it follows owners by the changes alone.
#include "placement/partition_of.h"
#include "two_nodes.h"

#include <p2p/idl/Ring.h>

namespace p2p::client::test {
namespace {

constexpr std::uint32_t kPartitions = 4;

// What a node tells: the owner of each partition by its place in the list of both nodes, at an epoch that is the view.
struct Told {
  std::int64_t epoch = 10;
  std::vector<int> owners{0, 0, 0, 0};
};

class TwoNodesOfACluster : public TwoNodes {
 protected:
  TwoNodesOfACluster() {
    for (FakeNode* node : {&one_, &two_}) tell(*node, {});
  }

  // The node tells this of the cluster from now on, and answers with its name and this view.
  void tell(FakeNode& node, const Told& told, const std::string& moved = "") {
    node.apply_ring([this, told, moved](const Asked& asked) { return ring_reply(asked, told, moved); });
    node.apply([told, name = node.address().name()](const Asked& asked) -> std::optional<std::string> {
      return read_reply(asked, name, static_cast<std::uint64_t>(told.epoch));
    });
  }

  std::string ring_reply(const Asked& asked, const Told& told, const std::string& moved) {
    if (asked.method == "state") {
      locator::Ring_state_result result;
      result.__isset.success = true;
      result.success = state_of(told);
      return reply_of(asked, result);
    }
    locator::Ring_state_since_result result;
    result.__isset.success = true;
    result.success.epoch = result.success.view = told.epoch;
    if (moved.empty())
      result.success.__set_whole(state_of(told));
    else
      result.success.__set_moved(moved);
    return reply_of(asked, result);
  }

  locator::RingState state_of(const Told& told) const {
    locator::RingState state;
    for (const NodeAddress& member : members_) state.members.push_back(to_wire(member));
    state.view = told.epoch;
    state.placement = "partitions:4";
    state.__set_epoch(told.epoch);
    std::string owners;
    for (const int owner : told.owners) owners += {'\0', static_cast<char>(owner)};
    state.__set_owners(owners);
    return state;
  }

  static std::string key_in(std::uint32_t partition) {
    for (int number = 0;; ++number)
      if (std::string key = std::to_string(number); placement::partition_of(key, kPartitions) == partition) return key;
  }

  std::string answerer(Client& client, std::uint32_t partition) {
    const auto read = client.read(key_in(partition));
    return read.ok() ? read.value().value : read.failure().text;
  }
  void read_until_epoch(Client& client, std::uint64_t epoch) {
    while (client.ring().value().epoch != epoch) ASSERT_TRUE(client.read(key_in(0)).ok());
  }

  const std::string one_name_ = one_.address().name();
  const std::string two_name_ = two_.address().name();
};

TEST_F(TwoNodesOfACluster, AKeyIsAskedOfTheOwnerOfItsPartition) {
  for (FakeNode* node : {&one_, &two_}) tell(*node, {.epoch = 10, .owners = {0, 1, 1, 0}});
  Client client(options());
  EXPECT_EQ(answerer(client, 0), one_name_);
  EXPECT_EQ(answerer(client, 1), two_name_);
  EXPECT_EQ(answerer(client, 2), two_name_);
  EXPECT_EQ(answerer(client, 3), one_name_);
  EXPECT_EQ(client.owner_of(key_in(1)).value(), two_.address());
  EXPECT_EQ(client.stats().alternate_nodes, 0U);
}

TEST_F(TwoNodesOfACluster, WhatHasMovedIsLearntWithoutTheWholeState) {
  Client client(options());
  EXPECT_EQ(answerer(client, 2), one_name_);
  tell(one_, {.epoch = 11, .owners = {0, 0, 1, 0}}, std::string("\0\2\0\1", 4));
  tell(two_, {.epoch = 11, .owners = {0, 0, 1, 0}}, std::string("\0\2\0\1", 4));
  const int asked_whole = one_.asked("state") + two_.asked("state");
  read_until_epoch(client, 11);
  EXPECT_EQ(answerer(client, 2), two_name_);
  EXPECT_EQ(answerer(client, 1), one_name_);
  EXPECT_EQ(one_.asked("state") + two_.asked("state"), asked_whole);
}

TEST_F(TwoNodesOfACluster, ANodeThatIsLateIsNotFollowed) {
  for (FakeNode* node : {&one_, &two_}) tell(*node, {.epoch = 11, .owners = {0, 1, 1, 0}});
  Client client(options());
  EXPECT_EQ(answerer(client, 1), two_name_);
  tell(one_, {.epoch = 10});
  for (int count = 0; count < 20; ++count) EXPECT_EQ(answerer(client, 0), one_name_);
  EXPECT_TRUE(client.refresh().ok());
  EXPECT_EQ(client.ring().value().epoch, 11u);
  EXPECT_EQ(answerer(client, 1), two_name_);
}

TEST_F(TwoNodesOfACluster, AKeyThatNobodyOwnsIsLeftToANode) {
  for (FakeNode* node : {&one_, &two_}) {
    node->apply_ring([this](const Asked& asked) {
      locator::Ring_state_result result;
      result.__isset.success = true;
      result.success = state_of({});
      result.success.__set_owners("\xff\xff\xff\xff\xff\xff\xff\xff");
      return reply_of(asked, result);
    });
  }
  Client client(options());
  EXPECT_TRUE(client.read(key_in(0)).ok());
  EXPECT_EQ(client.owner_of(key_in(0)).failure().kind, ErrorKind::unreachable);
}

}  // namespace
}  // namespace p2p::client::test
