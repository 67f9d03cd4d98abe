// A real node in this process, with the plugin inside, called over its port.
#include <p2p/testing.h>

#include <Greeter.h>

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(Greeter, GreetsByName) {
  p2p::testing::TestNode node({.toml = "[services.greeter]\n"});
  auto client = node.client<greeter_v1::GreeterClient>("greeter");
  std::string answer;
  client->greet(answer, "world");
  EXPECT_EQ(answer, "hello world");

  node.stop();
  EXPECT_EQ(node.leftovers(), "");
}

TEST(Greeter, SaysWhatTheConfigurationWants) {
  p2p::testing::TestNode node({.toml = "[services.greeter.config]\ngreeting = \"welcome\"\n"});
  auto client = node.client<greeter_v1::GreeterClient>("greeter");
  std::string answer;
  client->greet(answer, "back");
  EXPECT_EQ(answer, "welcome back");
}

}  // namespace
