#include "rules/ring.h"
#include "placement/fingerprint.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace p2p::client {
namespace {

RingFacts facts_of(std::vector<NodeAddress> members) {
  std::vector<std::string> names;
  for (const NodeAddress& member : members) names.push_back(member.classic_name());
  std::sort(names.begin(), names.end());
  const auto view = placement::fingerprint_of(names, "classic");
  return {.members = std::move(members), .leaving = {}, .view = view, .placement = "classic"};
}

TEST(Ring, OrdersMembersByNameHoweverTheyWereTold) {
  const auto ring = Ring::of(facts_of({{"127.0.0.1", 9900}, {"127.0.0.1", 10000}}));
  ASSERT_TRUE(ring.ok());
  EXPECT_EQ(ring.value()->facts().members.front().port, 10000);
}

// As tests/unit/locator/member_view_test.cc has it of the nodes.
TEST(Ring, OfBothFamiliesIsThatOfTheNodes) {
  const auto ring = Ring::of({.members = {{"::1", 9902}, {"2001:db8::5", 9900}, {"::1", 9900}, {"10.0.0.5", 9900}},
                              .leaving = {},
                              .view = 0xdb0ae8801178704cu,
                              .placement = "classic"});
  ASSERT_TRUE(ring.ok());
  const std::pair<const char*, const char*> owners[] = {{"a", "[::1]:9902"},
                                                        {"b", "[::1]:9900"},
                                                        {"c", "10.0.0.5:9900"},
                                                        {"g", "[2001:db8::5]:9900"},
                                                        {"h", "[::1]:9902"}};
  for (const auto& [key, owner] : owners) {
    const std::size_t at = ring.value()->owner_of(key).value();
    EXPECT_EQ(ring.value()->facts().members[at].name(), owner) << key;
  }
}

TEST(Ring, RefusesAFingerprintThatIsNotItsMembers) {
  auto facts = facts_of({{"a", 1}, {"b", 2}});
  facts.members.pop_back();
  const auto ring = Ring::of(facts);
  ASSERT_FALSE(ring.ok());
  EXPECT_EQ(ring.error().kind, ErrorKind::protocol);
}

TEST(Ring, RefusesAMemberThatIsNamedTwice) {
  auto facts = facts_of({{"a", 1}});
  facts.members.push_back({"a", 1});
  EXPECT_FALSE(Ring::of(facts).ok());
}

TEST(Ring, HasNoOwnersByAPlacementThatItDoesNotKnow) {
  auto facts = facts_of({{"a", 1}});
  facts.placement = "partitions/7";
  const auto ring = Ring::of(facts);
  ASSERT_TRUE(ring.ok());
  EXPECT_FALSE(ring.value()->knows_owners());
  EXPECT_EQ(ring.value()->owner_of("key"), std::nullopt);
}

TEST(Ring, OfNoMembersHasNoOwners) {
  const auto ring = Ring::of(facts_of({}));
  ASSERT_TRUE(ring.ok());
  EXPECT_EQ(ring.value()->owner_of("key"), std::nullopt);
}

// --- by partitions ---------------------------------------------------------------------------------------------------

const nlohmann::json& partition_vectors() {
  static const nlohmann::json file = [] {
    std::ifstream in(P2P_TEST_VECTORS "/partitions.json");
    return nlohmann::json::parse(in);
  }();
  return file;
}

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
  return bytes;
}

std::vector<NodeAddress> addresses_in(const nlohmann::json& names) {
  std::vector<NodeAddress> addresses;
  for (const std::string name : names) {
    const auto colon = name.rfind(':');
    addresses.push_back({name.substr(0, colon), static_cast<std::uint16_t>(std::stoi(name.substr(colon + 1)))});
  }
  return addresses;
}

Result<std::shared_ptr<const Ring>> ring_of_vector(const nlohmann::json& told) {
  return Ring::of({.members = addresses_in(told["members"]),
                   .leaving = addresses_in(told["leaving"]),
                   .view = 1,
                   .placement = told["placement"],
                   .epoch = 10},
                  bytes_of_hex(told["owners_hex"]));
}

// Key by key: the vectors' keys are in every partition of the small tables.
void expect_owners(const Ring& ring, const nlohmann::json& owners) {
  for (const auto& vector : partition_vectors()["keys"]) {
    const std::string key = bytes_of_hex(vector["key_hex"]);
    const auto& expected = owners[placement::partition_of(key, static_cast<std::uint32_t>(owners.size()))];
    const auto owner = ring.owner_of(key);
    EXPECT_EQ(owner ? ring.nodes()[*owner].name() : "", expected.is_null() ? "" : expected.get<std::string>());
  }
}

TEST(RingByPartitions, IsWhatTheGoldenVectorsSay) {
  ASSERT_EQ(partition_vectors()["tables"].size(), 5u);
  for (const auto& told : partition_vectors()["tables"]) {
    SCOPED_TRACE(told.dump());
    const auto ring = ring_of_vector(told);
    // A number of partitions that makes no sense is a placement that the client does not know.
    const bool is_sound = ring.ok() && ring.value()->knows_owners();
    ASSERT_EQ(is_sound, told.contains("owners"));
    if (is_sound) expect_owners(*ring.value(), told["owners"]);
  }
}

TEST(RingByPartitions, FollowsTheStepsOfTheGoldenVectors) {
  const auto& told = partition_vectors()["tables"][0];
  const auto ring = ring_of_vector(told).value();
  for (const auto& delta : told["deltas"]) {
    SCOPED_TRACE(delta.dump());
    RingStep step{.epoch = 11, .view = 2, .nodes = std::nullopt, .moved = bytes_of_hex(delta["moved_hex"])};
    if (delta.contains("members")) step.nodes = {addresses_in(delta["members"]), addresses_in(delta["leaving"])};
    const auto after = ring->after(std::move(step));
    ASSERT_EQ(after.ok(), delta.contains("owners"));
    if (!after.ok()) continue;
    EXPECT_EQ(after.value()->facts().epoch, 11u);
    EXPECT_EQ(after.value()->facts().view, 2u);
    expect_owners(*after.value(), delta["owners"]);
  }
}

TEST(RingByPartitions, RefusesNodesThatAreThereTwiceAndNoneAtAll) {
  const RingFacts facts{
      .members = {{"a", 1}}, .leaving = {{"a", 1}}, .view = 1, .placement = "partitions:1", .epoch = 10};
  EXPECT_FALSE(Ring::of(facts, std::string(2, '\0')).ok());
  EXPECT_FALSE(Ring::of({.members = {}, .leaving = {}, .view = 1, .placement = "partitions:1"}, "\xff\xff").ok());
}

}  // namespace
}  // namespace p2p::client
