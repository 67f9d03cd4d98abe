// The library against real nodes in the test's process, which come and go.
#include <p2p/client.h>
#include <p2p/testing.h>

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

namespace p2p::client::test {
namespace {

// A ring that is steady once all know each other: what is counted below changes with each move of a cluster map.
const char kStore[] = "[services.locator]\n[services.locator.config]\nmode = \"classic\"\n[services.diststore]\n";

class Cluster : public ::testing::Test {
 protected:
  static std::string key(int number) { return "key " + std::to_string(number); }

  p2p::testing::TestCluster nodes_{3, {.toml = kStore}};
  Client client_{{.seeds = {nodes_.node(1).address()}}};
};

TEST_F(Cluster, ReadsWhatItWroteInEveryForm) {
  ASSERT_TRUE(client_.write("a", "1").ok());
  EXPECT_EQ(client_.read("a").value().value, "1");
  EXPECT_EQ(client_.read_future("a").get().value().value, "1");
  EXPECT_TRUE(client_.erase("a").value().found);
  EXPECT_FALSE(client_.erase("a").value().found);
  EXPECT_FALSE(client_.read("a").value().found);

  std::vector<Item> items;
  std::vector<std::string> keys;
  for (int number = 0; number < 500; ++number) {
    items.push_back({key(number), "value " + std::to_string(number)});
    keys.push_back(key(number));
  }
  for (const auto& written : client_.write_many(items)) ASSERT_TRUE(written.ok());
  const auto read = client_.read_many(keys);
  for (std::size_t at = 0; at < keys.size(); ++at) EXPECT_EQ(read[at].value().value, items[at].value);
  for (const auto& erased : client_.erase_many_future(keys).get()) EXPECT_TRUE(erased.value().found);
  EXPECT_EQ(client_.stats().alternate_nodes, 0U);
  EXPECT_EQ(client_.stats().views, 1U);
}

TEST_F(Cluster, ARefusalOfTheStoreIsSurelyNotExecuted) {
  const auto written = client_.write(std::string(100'000, 'k'), "v");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.failure().effect, Effect::none);
  EXPECT_EQ(written.failure().kind, ErrorKind::invalid);
}

TEST_F(Cluster, ACallThatIsTooLargeForANodeTroublesNoOther) {
  std::vector<std::future<Outcome<Written>>> writes;
  const std::string value(20 * 1024 * 1024, 'v');
  for (int number = 0; number < 300; ++number) {
    writes.push_back(client_.write_future(key(number), "v"));
    if (number % 100 != 50) continue;
    const auto large = client_.write(key(number), value);
    ASSERT_FALSE(large.ok());
    EXPECT_EQ(large.failure().effect, Effect::none);
    EXPECT_EQ(large.failure().kind, ErrorKind::invalid);
  }
  for (auto& write : writes) {
    const auto written = write.get();
    EXPECT_TRUE(written.ok()) << written.failure().text;
  }
  EXPECT_EQ(client_.stats().retries, 0U);
}

TEST_F(Cluster, FollowsANodeThatLeavesAndFailsNoCall) {
  for (int number = 0; number < 300; ++number) ASSERT_TRUE(client_.write(key(number), "kept").ok());
  nodes_.node(2).leave();
  nodes_.wait_for_members(2);
  for (int number = 0; number < 300; ++number) {
    const auto read = client_.read(key(number));
    ASSERT_TRUE(read.ok()) << read.failure().text;
    EXPECT_EQ(read.value().value, "kept") << number;
  }
  EXPECT_EQ(client_.ring().value().members.size(), 2U);
}

TEST_F(Cluster, ReadsInOneBatchMoreThanOneReplyCarries) {
  constexpr int kLargeOnes = 60;  // of 1 MiB: whoever owns most of them has more than the 12 MiB of a reply
  std::vector<std::string> keys;
  for (int number = 0; number < kLargeOnes; ++number) {
    keys.push_back(key(number));
    ASSERT_TRUE(client_.write(keys.back(), std::string(1024 * 1024, 'v')).ok());
  }
  for (const auto& read : client_.read_many(keys)) {
    ASSERT_TRUE(read.ok()) << read.failure().text;
    EXPECT_EQ(read.value().value.size(), 1024U * 1024U);
  }
}

TEST(StoreOfSmallBatches, TakesALargeOneInPieces) {
  std::string config = kStore;
  config += "[services.diststore.config]\nbatch_keys_max = 10\n";
  p2p::testing::TestCluster nodes(2, {.toml = config});
  Client client({.seeds = {nodes.node(1).address()}});
  std::vector<Item> items;
  std::vector<std::string> keys;
  for (int number = 0; number < 500; ++number) {
    keys.push_back("key " + std::to_string(number));
    items.push_back({keys.back(), "v"});
  }
  for (const auto& written : client.write_many(items)) ASSERT_TRUE(written.ok()) << written.failure().text;
  for (const auto& read : client.read_many(keys)) EXPECT_TRUE(read.ok() && read.value().found);
  for (const auto& erased : client.erase_many(keys)) EXPECT_TRUE(erased.ok() && erased.value().found);
}

}  // namespace
}  // namespace p2p::client::test
