// Services that stop and start while their node serves.
#include "tenant_node.h"

#include <planted.h>

#include <Tenant.h>

namespace p2p::testing::test {
namespace {

std::size_t changes_seen(const TestNode& node) {
  std::vector<std::string> seen;
  node.client<::tenant::TenantClient>("tenant")->seen(seen);
  return seen.size();
}

TEST(LiveChange, RestartsAServiceAsANewObjectBehindTheSameConnection) {
  TestNode node(tenant());
  const auto client = node.client<::tenant::TenantClient>("tenant");
  node.fake_locator().run_add(kOther);
  EXPECT_EQ(changes_seen(node), 2u);
  node.restart("tenant");
  EXPECT_EQ(changes_seen(node), 0u);
  node.fake_locator().run_remove(kOther);
  EXPECT_EQ(changes_seen(node), 2u) << "the new object's layer and listener, once each";
  std::string answer;
  client->greet(answer, "Ada");
  EXPECT_EQ(answer, "hello Ada");
  node.stop();
  EXPECT_EQ(node.leftovers(), "");
}

TEST(LiveChange, SeesWhatEachRoundLeavesBehind) {
  TestNode node(tenant("leaves = \"reference\"\n"));
  for (int round = 0; round < 3; ++round) node.restart("tenant");
  node.stop();
  EXPECT_EQ(node.leftovers(), "service tenant still holds p2p.locator.ILocator/3\n");
  ::tenant::clear_planted();
  EXPECT_EQ(node.leftovers(), "");
}

TEST(LiveChange, SaysWhyAServiceCannotBeRestarted) {
  TestNode node(tenant());
  const auto failure = thrown_by<std::runtime_error>([&] { node.restart("locator"); });
  EXPECT_TRUE(holds(failure, "the node could not disable locator:\n"));
  EXPECT_TRUE(holds(failure, "tenant"));
  EXPECT_EQ(changes_seen(node), 0u) << "it serves on";
}

TEST(LiveChange, ReloadsAnotherConfiguration) {
  TestNode node(tenant());
  node.reload(tenant("leaves = \"descriptor\"\n").toml);
  EXPECT_GE(::tenant::planted().descriptor, 0) << "the service runs with its new configuration";
  ::tenant::clear_planted();
  const auto failure = thrown_by<std::runtime_error>([&] { node.reload("[services.tenant]\nenabeld = true\n"); });
  EXPECT_TRUE(holds(failure, "node.toml:2:1: error: unknown key 'services.tenant.enabeld'"));
  EXPECT_EQ(changes_seen(node), 0u) << "it serves on";
}

}  // namespace
}  // namespace p2p::testing::test
