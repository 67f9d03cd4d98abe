// The rule by which keys go to members of a FakeLocator, seen through ring_of-like sets of members.
#include "tenant_node.h"

#include <set>

namespace p2p::testing::test {
namespace {

std::vector<NodeAddress> nodes(std::uint16_t count) {
  std::vector<NodeAddress> all;
  for (std::uint16_t number = 0; number < count; ++number) {
    all.push_back({"127.0.0.1", static_cast<std::uint16_t>(65000 + number)});
  }
  return all;
}

std::string key(int number) { return "key " + std::to_string(number); }

TEST(FakeRing, MovesOnlyKeysThatTheJoinerGets) {
  TestNode node(tenant());
  node.fake_locator().set_members(nodes(4));
  const auto before = node.fake_locator().view();
  node.fake_locator().set_members(nodes(5));
  const auto after = node.fake_locator().view();
  int moved = 0;
  for (int number = 0; number < 1000; ++number) {
    const NodeAddress from = *before->owner_of(key(number)).address;
    const NodeAddress to = *after->owner_of(key(number)).address;
    if (from == to) continue;
    ++moved;
    EXPECT_EQ(to, nodes(5).back());
  }
  EXPECT_GT(moved, 0);
}

TEST(FakeRing, NamesAsManyOwnersAsThereAreTheOwnerFirst) {
  TestNode node(tenant());
  node.fake_locator().set_members(nodes(3));
  node.fake_locator().set_owner("key", nodes(3).back());
  const auto owners = node.fake_locator().view()->owners_of("key", 10);
  EXPECT_EQ(owners.front(), nodes(3).back());
  EXPECT_EQ(std::set<NodeAddress>(owners.begin(), owners.end()).size(), 3u);
  EXPECT_EQ(node.fake_locator().view()->owners_of("key", 2).size(), 2u);
}

TEST(FakeRing, PassesAKeyOnWhenItsNamedOwnerIsNoMember) {
  TestNode node(tenant());
  node.fake_locator().set_owner("key", nodes(1).front());
  EXPECT_TRUE(node.fake_locator().view()->owner_of("key").is_self);
  node.fake_locator().set_members({});
  EXPECT_EQ(node.fake_locator().view()->owner_of("key").address, nullptr);
}

}  // namespace
}  // namespace p2p::testing::test
