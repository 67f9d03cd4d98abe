#include "tenant_node.h"

#include <planted.h>

#include <p2p/handlers.h>

#include <Tenant.h>

#include <algorithm>

namespace p2p::testing::test {
namespace {

const NodeAddress kThird{"127.0.0.1", 65001};

using Seen = std::vector<std::string>;

Seen seen_by(const TestNode& node) {
  Seen seen;
  node.client<::tenant::TenantClient>("tenant")->seen(seen);
  return seen;
}

NodeAddress owner_by(const TestNode& node, const std::string& key) {
  ::locator::Location owner;
  node.client<::tenant::TenantClient>("tenant")->get_node(owner, key);
  return {owner.address, static_cast<std::uint16_t>(owner.port)};
}

TEST(FakeLocator, FirstHasItsOwnNodeAlone) {
  TestNode node(tenant());
  EXPECT_EQ(node.fake_locator().self(), node.address());
  EXPECT_EQ(node.fake_locator().view()->members(), std::vector{node.address()});
  EXPECT_TRUE(node.fake_locator().view()->owner_of("any").is_self);
}

TEST(FakeLocator, TellsListenersOfTheMembersThatATestSets) {
  TestNode node(tenant());
  node.fake_locator().set_members({kThird, node.address(), kOther});
  EXPECT_EQ(seen_by(node), (Seen{"told 3"}));
  EXPECT_EQ(node.fake_locator().view()->members().size(), 3u);
}

TEST(FakeLocator, GivesAKeyToItsNamedOwner) {
  TestNode node(tenant());
  node.fake_locator().set_members({node.address(), kOther});
  for (const NodeAddress& owner : {kOther, node.address(), kOther}) {
    const auto before = node.fake_locator().view()->fingerprint();
    node.fake_locator().set_owner("key", owner);
    EXPECT_EQ(owner_by(node, "key"), owner);
    EXPECT_NE(node.fake_locator().view()->fingerprint(), before);
  }
}

TEST(FakeLocator, HoldsItsLeaseAsLongAsATestSays) {
  NodeOptions options = tenant();
  options.toml += "[services.tenant.route]\ngreet = 1\n\"*\" = \"here\"\n";
  TestNode node(options);
  const auto client = node.client<::tenant::TenantClient>("tenant");
  const auto greeting = [&] {
    std::string answer;
    try {
      client->greet(answer, "key");
    } catch (const apache::thrift::TApplicationException& refusal) {
      answer = refusal.what();
    }
    return answer;
  };
  EXPECT_EQ(greeting(), "hello key");
  node.fake_locator().set_lease_held_until(TimePoint::min());
  EXPECT_TRUE(holds(greeting(), "p2p:no-lease: tenant:greet: "));
  Seen seen;
  client->seen(seen);  // about no key: the node answers
  node.fake_locator().set_lease_held_until(TimePoint::max());
  EXPECT_EQ(greeting(), "hello key");
}

TEST(FakeLocator, LetsLayersRunBeforeAJoinAndALeave) {
  TestNode node(tenant());
  node.fake_locator().run_add(kOther);
  node.fake_locator().run_remove(kOther);
  node.fake_locator().run_remove(kOther);  // off the ring already
  EXPECT_EQ(seen_by(node), (Seen{"add " + kOther.name(), "told 2", "remove " + kOther.name(), "told 1"}));
}

TEST(FakeLocator, NamesTheLayerThatKeepsItsNext) {
  TestNode node(tenant("hangs_in = \"add\"\n"));
  const auto failure =
      thrown_by<std::runtime_error>([&] { node.fake_locator().run_add(kOther, std::chrono::milliseconds(50)); });
  EXPECT_EQ(failure, "the change of the ring has not ended after 50ms: ring layer 'tenant' has not called its next");
  EXPECT_EQ(node.members(), std::vector{node.address()});
  // When it is called after all, from another thread, the change goes on; others wait for it.
  ::tenant::planted().next();
  node.fake_locator().run_remove(kOther);
  EXPECT_EQ(seen_by(node), (Seen{"add " + kOther.name(), "told 2", "remove " + kOther.name(), "told 1"}));
}

TEST(FakeLocator, SaysWhatTheRealOneSaysOfALayerThatLetsGoOfItsNext) {
  TestNode node(tenant("hangs_in = \"add\"\n"));
  EXPECT_THROW(node.fake_locator().run_add(kOther, std::chrono::milliseconds(50)), std::runtime_error);
  ::tenant::planted().next = {};
  node.wait_for_log("ring layer 'tenant' let go of its next without calling it");
  node.fake_locator().run_remove(kOther);  // it was added all the same
  EXPECT_EQ(node.members(), std::vector{node.address()});
}

TEST(FakeLocator, CleansUpOnceWhenTheNodeLeaves) {
  TestNode node(tenant());
  node.fake_locator().run_add(kOther);
  node.fake_locator().run_cleanup();
  EXPECT_EQ(node.members(), std::vector{kOther});
  node.leave();
  const auto lines = node.log_lines();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "info tenant: cleanup seen, 1 members remain"), 1);
}

TEST(FakeLocator, CleansUpWhenTheNodeLeavesByItself) {
  TestNode node(tenant());
  node.leave();
  EXPECT_TRUE(node.has_logged("cleanup seen, 0 members remain"));
}

TEST(FakeLocator, TakesTheWiresOwnCalls) {
  TestNode node(tenant());
  const auto client = node.client<::tenant::TenantClient>("tenant");
  client->add(to_wire(kOther), {});
  client->join(to_wire(kOther));  // a member already
  client->remove(to_wire(kOther), {});
  const Seen all{"add " + kOther.name(), "told 2", "remove " + kOther.name(), "told 1"};
  Seen seen;
  while (seen.size() < all.size()) client->seen(seen);  // the calls are oneway
  EXPECT_EQ(seen, all);
}

TEST(FakeLocator, RefusesChangesOnceItsNodeHasEnded) {
  TestNode node(tenant());
  node.stop();
  EXPECT_THROW(node.fake_locator().run_add(kOther), std::logic_error);
}

}  // namespace
}  // namespace p2p::testing::test
