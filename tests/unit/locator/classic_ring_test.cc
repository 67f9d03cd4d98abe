// The classic ring against the 2009 system's own answers, and the rules that its answers do not reach.
#include "placement/classic_ring.h"
#include "placement/md5_head.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace p2p::placement {
namespace {

using nlohmann::json;

const json& golden() {
  static const json file = [] {
    std::ifstream in(P2P_TEST_VECTORS "/thrifty_ring.json");
    return json::parse(in);
  }();
  return file;
}

std::vector<std::string> sorted_names(const json& nodes) {
  auto names = nodes.get<std::vector<std::string>>();
  std::sort(names.begin(), names.end());
  return names;
}

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

TEST(ClassicRing, AnswersAsThe2009SystemDidForEveryGoldenVector) {
  ASSERT_EQ(golden()["vectors"].size(), 40u);
  for (const json& vector : golden()["vectors"]) {
    SCOPED_TRACE(vector.dump());
    const auto names = sorted_names(golden()["sets"][vector["set"].get<std::string>()]["nodes"]);
    const ClassicRing ring(names);
    const std::string key = bytes_of_hex(vector["key_hex"]);
    EXPECT_EQ(classic_position(key), vector["key_pos"].get<std::uint32_t>());
    EXPECT_EQ(names[ring.owner_of(key)], vector["owner"].get<std::string>());
    std::vector<std::string> order;
    for (const std::size_t owner : ring.owners_of(key, names.size())) order.push_back(names[owner]);
    EXPECT_EQ(order, vector["order"].get<std::vector<std::string>>());
  }
}

TEST(ClassicRing, HasThePointsThatThe2009SystemHas) {
  for (const auto& [set, expected] : golden()["sets"].items()) {
    SCOPED_TRACE(set);
    const ClassicRing ring(sorted_names(expected["nodes"]));
    const auto& positions = ring.positions();
    EXPECT_EQ(positions.size(), expected["distinct_positions"].get<std::size_t>());
    EXPECT_EQ(positions.back(), expected["max_position"].get<std::uint64_t>());
    const auto below = std::lower_bound(positions.begin(), positions.end(), std::uint64_t{1} << 32) - positions.begin();
    EXPECT_EQ(below, expected["positions_below_2^32"].get<std::ptrdiff_t>());
    for (std::size_t i = 0; i < expected["first5"].size(); ++i) {
      EXPECT_EQ(positions[i], expected["first5"][i].get<std::uint64_t>());
    }
  }
}

// Arc lengths within the range of keys, as shares of it.
std::vector<double> shares_of(const ClassicRing& ring, std::size_t members) {
  const double range = 4294967296.0;
  std::vector<double> shares(members);
  double from = 0;
  for (std::size_t point = 0; point < ring.positions().size() && from < range; ++point) {
    const double until = std::min(static_cast<double>(ring.positions()[point]), range);
    shares[ring.owner_at(point)] += (until - from) / range;
    from = until;
  }
  return shares;
}

TEST(ClassicRing, SharesTheKeysAsThe2009SystemDoes) {
  for (const auto& [set, expected] : golden()["sets"].items()) {
    SCOPED_TRACE(set);
    const auto names = sorted_names(expected["nodes"]);
    const auto shares = shares_of(ClassicRing(names), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      EXPECT_NEAR(shares[i], expected["shares"][names[i]].get<double>(), 1e-6) << names[i];
    }
  }
}

TEST(ClassicRing, AKeyOfThirtyTwoHexDigitsIsNotHashedAgain) {
  EXPECT_EQ(classic_position("00000000ffffffffffffffffffffffff"), 0u);
  EXPECT_EQ(classic_position("FFFFFFFF000000000000000000000000"), 0xffffffffu);
  EXPECT_EQ(classic_position("ffffffff00000000000000000000000"), md5_head("ffffffff00000000000000000000000"));
  EXPECT_EQ(classic_position("ffffffff0000000000000000000000000"), md5_head("ffffffff0000000000000000000000000"));
  EXPECT_EQ(classic_position("ffffffff00000000000000000000000g"), md5_head("ffffffff00000000000000000000000g"));
}

TEST(ClassicRing, OwnersAreDifferentAndNoMoreThanThereAreMembers) {
  const ClassicRing ring({"a:1", "b:1", "c:1"});
  const auto owners = ring.owners_of("key", 10);
  EXPECT_EQ(owners.size(), 3u);
  EXPECT_EQ(owners.front(), ring.owner_of("key"));
  EXPECT_EQ(ring.owners_of("key", 0).size(), 0u);
  EXPECT_EQ(ClassicRing({}).owners_of("key", 3).size(), 0u);
}

TEST(ClassicRing, RemovingAMemberMovesOnlyTheKeysItOwned) {
  const std::vector<std::string> all = {"127.0.0.1:9900", "127.0.0.1:9901", "127.0.0.1:9902", "127.0.0.1:9903"};
  std::vector<std::string> fewer = all;
  fewer.erase(fewer.begin() + 2);
  const ClassicRing before(all);
  const ClassicRing after(fewer);
  for (int i = 0; i < 2000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const std::string& owner = all[before.owner_of(key)];
    if (owner != all[2]) {
      EXPECT_EQ(fewer[after.owner_of(key)], owner) << key;
    }
  }
}

TEST(ClassicRing, TheBucketIndexAnswersAsASearchOfTheWholeRingWould) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("10.0.0." + std::to_string(i) + ":9900");
  std::sort(names.begin(), names.end());
  const ClassicRing ring(names);
  for (int i = 0; i < 5000; ++i) {
    const std::string key = std::to_string(i);
    const auto& positions = ring.positions();
    const auto behind = std::upper_bound(positions.begin(), positions.end(), std::uint64_t{classic_position(key)});
    EXPECT_EQ(ring.owner_of(key), ring.owner_at(static_cast<std::size_t>(behind - positions.begin()))) << key;
  }
}

}  // namespace
}  // namespace p2p::placement
