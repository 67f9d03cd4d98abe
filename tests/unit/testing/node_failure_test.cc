#include "tenant_node.h"

#include <planted.h>

#include <thread>

namespace p2p::testing::test {
namespace {

TEST(TestNodeFailure, TellsMistakesOfTheConfigurationWithTheirPlace) {
  const std::string failure = start_failure({.toml = "[services.tenant]\nenabeld = true\n", .fake_locator = true});
  EXPECT_TRUE(holds(failure, "the node's configuration is refused: exit code 78\n"));
  EXPECT_TRUE(holds(failure, "node.toml:2:1: error: unknown key 'services.tenant.enabeld'; did you mean"));
}

TEST(TestNodeFailure, NamesAPluginThatIsNowhere) {
  EXPECT_TRUE(holds(start_failure({.toml = "[services.lodger]"}), "no plugin 'lodger' (looked for "));
  EXPECT_TRUE(holds(start_failure({.toml = "[services.diststore]", .shipped_plugins = false, .fake_locator = true}),
                    "no plugin 'diststore'"));
}

TEST(TestNodeFailure, TellsWhatConfigureRefuses) {
  const std::string failure = start_failure(tenant("fails_in = \"configure\"\n"));
  EXPECT_TRUE(holds(failure, "the node ended with exit code 78 before it was ready; its log:\n"));
  EXPECT_TRUE(holds(failure, "service tenant failed to configure: "));
  EXPECT_TRUE(holds(failure, "node.toml:6:1: services.tenant.config.fails_in: is told to fail"));
}

TEST(TestNodeFailure, TellsWhatStartThrows) {
  const std::string failure = start_failure(tenant("fails_in = \"start\"\n"));
  EXPECT_TRUE(holds(failure, "exit code 69"));
  EXPECT_TRUE(holds(failure, "error host: service tenant failed to start: no room for this tenant\n"));
}

TEST(TestNodeFailure, NamesTheStepThatDoesNotReturn) {
  TestNode witness(tenant());
  witness.stop();
  const std::string failure = start_failure(tenant("hangs_in = \"start\"\n", "start_timeout = \"100ms\"\n"));
  EXPECT_TRUE(holds(failure, "the node does not start: still in start() of service tenant after [host] start_timeout"));
  // The node was left behind; once its step returns, it ends, and nothing of it stays.
  ::tenant::planted().release();
  while (!witness.leftovers().empty()) std::this_thread::yield();
}

TEST(TestNodeFailure, NamesTheServiceThatIsNotReadyInTime) {
  const std::string failure = start_failure(tenant("hangs_in = \"ready\"\n", "start_timeout = \"100ms\"\n"));
  EXPECT_TRUE(holds(failure, "exit code 75"));
  EXPECT_TRUE(holds(failure, "service tenant is not ready after [host] start_timeout = 100ms"));
}

TEST(TestNodeFailure, RefusesToJoinWithAFakeLocator) {
  NodeOptions options = tenant();
  options.join = {{"127.0.0.1", 9900}};
  EXPECT_EQ(start_failure(options),
            "the node's configuration is refused: join needs the real locator, not fake_locator");
}

TEST(TestNodeFailure, DoesNotKeepTheNextNodeFromStarting) {
  EXPECT_NE(start_failure(tenant("fails_in = \"start\"\n")), "");
  EXPECT_EQ(start_failure(tenant()), "");
}

}  // namespace
}  // namespace p2p::testing::test
