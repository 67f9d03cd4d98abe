#include "rules/ring.h"
#include "placement/fingerprint.h"

#include <gtest/gtest.h>

namespace p2p::client {
namespace {

RingFacts facts_of(std::vector<NodeAddress> members) {
  std::vector<std::string> names;
  for (const NodeAddress& member : members) names.push_back(member.classic_name());
  std::sort(names.begin(), names.end());
  return {std::move(members), {}, placement::fingerprint_of(names, "classic"), "classic"};
}

TEST(Ring, OrdersMembersByNameHoweverTheyWereTold) {
  const auto ring = Ring::of(facts_of({{"127.0.0.1", 9900}, {"127.0.0.1", 10000}}));
  ASSERT_TRUE(ring.ok());
  EXPECT_EQ(ring.value()->facts().members.front().port, 10000);
}

// As tests/unit/locator/member_view_test.cc has it of the nodes.
TEST(Ring, OfBothFamiliesIsThatOfTheNodes) {
  const auto ring = Ring::of(
      {{{"::1", 9902}, {"2001:db8::5", 9900}, {"::1", 9900}, {"10.0.0.5", 9900}}, {}, 0xdb0ae8801178704cu, "classic"});
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

}  // namespace
}  // namespace p2p::client
