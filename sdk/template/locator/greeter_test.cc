// A real node in this process, with the plugin inside, called over its port. Its locator is controlled by the test, or
// is the real one.
#include <p2p/testing.h>

#include <Greeter.h>

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(Greeter, GreetsByName) {
  p2p::testing::TestNode node({.toml = "[services.greeter]\n", .fake_locator = true});
  auto client = node.client<greeter_v1::GreeterClient>("greeter");
  std::string answer;
  client->greet(answer, "world");
  EXPECT_EQ(answer, "hello world");

  node.stop();
  EXPECT_EQ(node.leftovers(), "");
}

TEST(Greeter, KnowsWhoOwnsAKey) {
  p2p::testing::TestNode node({.toml = "[services.greeter]\n", .fake_locator = true});
  node.fake_locator().set_members({{"10.0.0.7", 9900}});
  auto client = node.client<greeter_v1::GreeterClient>("greeter");
  std::string answer;
  client->owner(answer, "apple");
  EXPECT_EQ(answer, "10.0.0.7:9900");
}

TEST(Greeter, WorksWithTheRealLocator) {
  p2p::testing::TestNode node({.toml = "[services.locator]\n[services.greeter]\n"});
  auto client = node.client<greeter_v1::GreeterClient>("greeter");
  std::string answer;
  client->owner(answer, "apple");
  EXPECT_EQ(answer, node.address().name());
}

}  // namespace
