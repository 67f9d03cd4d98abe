#include "tenant_node.h"

#include <Tenant.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace p2p::testing::test {
namespace {

namespace fs = std::filesystem;

TEST(TestNode, ServesThePluginThatIsLinkedIntoTheTest) {
  const TestNode node(tenant());
  std::string answer;
  node.client<::tenant::TenantClient>("tenant")->greet(answer, "Ada");
  EXPECT_EQ(answer, "hello Ada");
}

TEST(TestNode, AnswersAClientThatNamesNoService) {
  const TestNode node(tenant());
  const auto client = node.default_client<::tenant::TenantClient>();
  std::string answer;
  client->greet(answer, "Grace");
  EXPECT_EQ(answer, "hello Grace");
  client->service_type(answer);
  EXPECT_EQ(answer, "tenant.Tenant");
}

TEST(TestNode, RunsBesideAnotherOneWithItsOwnLog) {
  const TestNode first(tenant());
  const TestNode second(tenant());
  EXPECT_NE(first.address(), second.address());
  EXPECT_NE(first.data_dir(), second.data_dir());
  EXPECT_TRUE(first.has_logged("tenant moves in at " + first.address().name()));
  EXPECT_FALSE(first.has_logged(second.address().name()));
  EXPECT_TRUE(second.has_logged("tenant moves in at " + second.address().name()));
}

TEST(TestNode, KeepsLogLinesWithTheirLevelAndService) {
  const TestNode node(tenant());
  node.wait_for_log("ready after");
  const auto lines = node.log_lines();
  EXPECT_NE(std::find(lines.begin(), lines.end(), "info tenant: tenant moves in at " + node.address().name()),
            lines.end());
  const auto missed =
      thrown_by<std::runtime_error>([&] { node.wait_for_log("a line that nobody writes", Duration(1)); });
  EXPECT_TRUE(holds(missed, "has not logged 'a line that nobody writes' within 1ns; its log:\n"));
  EXPECT_TRUE(holds(missed, "tenant moves in"));
}

TEST(TestNode, IgnoresTheEnvironment) {
  ::setenv("P2PHOST_HOST__CLUSTER", "", 1);
  ::setenv("P2PHOST_NO_SUCH_KEY", "1", 1);
  EXPECT_EQ(start_failure(tenant()), "");
  ::unsetenv("P2PHOST_HOST__CLUSTER");
  ::unsetenv("P2PHOST_NO_SUCH_KEY");
}

TEST(TestNode, TakesItsFolderAway) {
  fs::path folder;
  {
    const TestNode node(tenant());
    folder = node.data_dir();
    EXPECT_TRUE(fs::exists(folder / "admin.sock"));
    EXPECT_EQ(fs::status(folder / "admin.sock").permissions() & fs::perms(0777), fs::perms(0600));
  }
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_FALSE(fs::exists(folder.parent_path()));
}

TEST(TestNode, StopsAndSaysHowItEnded) {
  TestNode node(tenant());
  EXPECT_TRUE(node.is_running());
  EXPECT_THROW(static_cast<void>(node.exit_code()), std::logic_error);
  node.stop();
  EXPECT_FALSE(node.is_running());
  EXPECT_EQ(node.exit_code(), 0);
  EXPECT_FALSE(node.has_logged("cleanup seen"));
  node.leave();  // it has ended already
  EXPECT_EQ(node.exit_code(), 0);
}

TEST(TestNode, EndsByItselfWhenAClientMayEndIt) {
  TestNode node(tenant("", "allow_remote_die = true\n"));
  node.client<::tenant::TenantClient>("tenant")->die();
  node.wait_for_log("host: stopped");
  node.stop();
  EXPECT_EQ(node.exit_code(), 0);
}

TEST(TestNode, TellsTheMembersItKnows) {
  TestNode node(tenant());
  EXPECT_EQ(node.members(), std::vector{node.address()});
  const NodeAddress other{"127.0.0.1", 65000};
  node.fake_locator().set_members({node.address(), other});
  EXPECT_EQ(node.members(), node.fake_locator().view()->members());
  EXPECT_EQ(node.members().size(), 2u);
}

}  // namespace
}  // namespace p2p::testing::test
