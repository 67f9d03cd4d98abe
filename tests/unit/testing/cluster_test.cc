// Plugins from files: the shipped ones, and one of a folder that the test names.
#include "tenant_node.h"

#include <Store.h>
#include <Tenant.h>

#include <stdexcept>

namespace p2p::testing::test {
namespace {

// A ring that is steady once all know each other.
const char kStore[] = "[services.locator]\n[services.locator.config]\nmode = \"classic\"\n[services.diststore]\n";

TEST(TestCluster, GivesOnAnyNodeWhatWasPutOnAnother) {
  TestCluster cluster(3, {.toml = kStore});
  const auto put = cluster.node(0).client<diststore::StoreClient>("diststore");
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    diststore::WriteResult written;
    put->write(written, std::string(1, letter), std::string("value of ") + letter, {});
  }
  for (std::size_t number = 0; number < cluster.size(); ++number) {
    const auto get = cluster.node(number).default_client<diststore::StoreClient>();
    for (char letter = 'a'; letter <= 'z'; ++letter) {
      std::string value;
      get->get(value, std::string(1, letter));
      EXPECT_EQ(value, std::string("value of ") + letter) << "on node " << number;
    }
  }
  cluster.stop();
  EXPECT_EQ(cluster.leftovers(), "");
}

TEST(TestCluster, KeepsEveryKeyWhenANodeLeaves) {
  TestCluster cluster(3, {.toml = kStore});
  const auto client = cluster.node(0).client<diststore::StoreClient>("diststore");
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    diststore::WriteResult written;
    client->write(written, std::string(1, letter), "kept", {});
  }
  cluster.node(2).leave();
  cluster.wait_for_members(2);
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    diststore::ReadResult read;
    client->read(read, std::string(1, letter), {});
    EXPECT_EQ(read.value, "kept") << letter;
  }
}

TEST(TestCluster, SaysWhatItsNodesKnowWhenTheyDoNotMeet) {
  const TestCluster cluster(2, {.toml = "[services.locator]\n"});
  const auto failure =
      thrown_by<std::runtime_error>([&] { cluster.wait_for_members(3, std::chrono::milliseconds(20)); });
  EXPECT_TRUE(holds(failure, "does not know 3 members, but: 127.0.0.1:"));
}

TEST(TestCluster, RefusesAFakeLocator) { EXPECT_THROW(TestCluster(2, {.fake_locator = true}), std::runtime_error); }

TEST(TestNodeOfFiles, FindsAPluginInTheFolderThatTheTestNames) {
  TestNode node({.toml = "[services.locator]\n[services.tenant]\n", .plugin_dirs = {P2P_TEST_PLUGIN_DIR}});
  std::string answer;
  node.client<::tenant::TenantClient>("tenant")->greet(answer, "Ada");
  EXPECT_EQ(answer, "hello Ada");
  node.stop();
  EXPECT_EQ(node.leftovers(), "");
}

TEST(TestNodeOfFiles, DoesNotLookForOtherNodesOfTheMachine) {
  const TestNode first({.toml = "[services.locator]\n"});
  const TestNode second({.toml = "[services.locator]\n[services.locator.config]\ndiscover_port_count = 1000\n"});
  EXPECT_EQ(second.members(), std::vector{second.address()});
  const TestNode third({.toml = "[services.locator]\n", .join = {first.address()}});
  EXPECT_EQ(third.members().size(), 2u);
}

TEST(TestNodeOfFiles, PutsTheFakeInThePlaceOfTheRealLocator) {
  TestNode node({.toml = "[services.diststore]\n", .fake_locator = true});
  EXPECT_TRUE(node.fake_locator().view()->owner_of("key").is_self);
  const auto store = node.client<diststore::StoreClient>("diststore");
  diststore::WriteResult written;
  store->write(written, "key", "value", {});
  std::string value;
  store->get(value, "key");
  EXPECT_EQ(value, "value");
  node.stop();
  EXPECT_EQ(node.leftovers(), "");
}

}  // namespace
}  // namespace p2p::testing::test
