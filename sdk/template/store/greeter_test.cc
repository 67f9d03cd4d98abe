// A real node in this process, with the plugin inside, called over its port. Its store is controlled by the test, or is
// the real one.
#include <p2p/testing.h>

#include <Greeter.h>

#include <gtest/gtest.h>
#include <thrift/TApplicationException.h>

#include <string>

namespace {

TEST(Greeter, CountsWhomItGreets) {
  p2p::testing::TestNode node({.toml = "[services.greeter]\n", .fake_store = true});
  auto client = node.client<greeter_v1::GreeterClient>("greeter");
  std::string answer;
  client->greet(answer, "world");
  EXPECT_EQ(answer, "hello world");
  EXPECT_EQ(client->greeted("world"), 1);
  EXPECT_EQ(client->greeted("moon"), 0);

  node.restart("greeter");
  EXPECT_EQ(client->greeted("world"), 1);
  node.stop();
  EXPECT_EQ(node.leftovers(), "");
}

TEST(Greeter, SaysSoWhenTheStoreFails) {
  p2p::testing::TestNode node({.toml = "[services.greeter]\n", .fake_store = true});
  auto client = node.client<greeter_v1::GreeterClient>("greeter");
  node.fake_store().fail_next({p2p::ErrorKind::unreachable, "nobody serves it"}, p2p::testing::FakeStore::Executed::no);
  std::string answer;
  EXPECT_THROW(client->greet(answer, "world"), apache::thrift::TApplicationException);
}

TEST(Greeter, WorksWithTheRealStore) {
  p2p::testing::TestNode node(
      {.toml = "[services.locator.config]\nmode = \"agreed\"\n[services.diststore]\n[services.greeter]\n"});
  auto client = node.client<greeter_v1::GreeterClient>("greeter");
  std::string answer;
  for (int times = 0; times < 3; ++times) client->greet(answer, "world");
  EXPECT_EQ(client->greeted("world"), 3);
}

}  // namespace
