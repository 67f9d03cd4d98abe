#include "tenant_node.h"

#include <planted.h>

#include <Tenant.h>

namespace p2p::testing::test {
namespace {

// What stays behind of a tenant that leaves `what`.
std::string leftovers_of(const std::string& what) {
  TestNode node(tenant("leaves = \"" + what + "\"\n"));
  std::string answer;
  node.client<::tenant::TenantClient>("tenant")->greet(answer, "Ada");  // a pool thread ran, a connection was open
  node.leave();
  const std::string found = node.leftovers();
  ::tenant::clear_planted();
  return found;
}

bool is_one_line(const std::string& text) { return text.find('\n') == text.size() - 1; }

TEST(Leftovers, AreNoneOfATenantThatCleansUp) {
  EXPECT_EQ(leftovers_of("nothing"), "");
  EXPECT_EQ(leftovers_of("nothing"), "") << "nor when it is asked again";
}

TEST(Leftovers, NameAThread) {
  const std::string found = leftovers_of("thread");
  EXPECT_TRUE(is_one_line(found)) << found;
  EXPECT_TRUE(found.starts_with("thread ")) << found;
  EXPECT_TRUE(holds(found, "still runs\n"));
}

TEST(Leftovers, NameADescriptor) {
  const std::string found = leftovers_of("descriptor");
  EXPECT_TRUE(is_one_line(found)) << found;
  EXPECT_TRUE(holds(found, "is still open: /dev/null\n"));
}

TEST(Leftovers, NameAReference) {
  EXPECT_EQ(leftovers_of("reference"), "service tenant still holds p2p.locator.ILocator/3\n");
  EXPECT_EQ(leftovers_of("strand"), "service tenant still holds its strand errands\n");
}

TEST(Leftovers, CanOnlyBeToldApartWhenNoNodeRuns) {
  TestNode first(tenant());
  TestNode second(tenant());
  EXPECT_THROW(static_cast<void>(first.leftovers()), std::logic_error);
  first.stop();
  EXPECT_THROW(static_cast<void>(first.leftovers()), std::logic_error);
  second.stop();
  EXPECT_EQ(first.leftovers(), "");
  EXPECT_EQ(second.leftovers(), "");
}

TEST(Leftovers, AreNotTheTestsOwnConnections) {
  TestNode node(tenant());
  const auto client = node.client<::tenant::TenantClient>("tenant");
  client->ping();
  node.stop();
  EXPECT_EQ(node.leftovers(), "");
}

}  // namespace
}  // namespace p2p::testing::test
