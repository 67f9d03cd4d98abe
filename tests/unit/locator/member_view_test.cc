// What every node and client must compute alike, of members of both families. The numbers stand in the tests of the C++
// client's ring and of the Python client's view too.
#include "ring/member_view.h"
#include "placement/classic_ring.h"

#include <gtest/gtest.h>

namespace p2p::ring {
namespace {

const std::vector<NodeAddress> kMembers = {{"::1", 9902}, {"2001:db8::5", 9900}, {"::1", 9900}, {"10.0.0.5", 9900}};

TEST(MemberView, OrderAndFingerprintAreOfTheNamesWithoutBrackets) {
  const MemberView view(kMembers, {}, {"::1", 9900}, placement::ClassicPlacement());
  EXPECT_EQ(view.members(),
            (std::vector<NodeAddress>{{"10.0.0.5", 9900}, {"2001:db8::5", 9900}, {"::1", 9900}, {"::1", 9902}}));
  EXPECT_EQ(view.fingerprint(), 0xdb0ae8801178704cu);
}

TEST(MemberView, LabelsHaveNoBracketsEither) {
  const MemberView view(kMembers, {}, {"::1", 9900}, placement::ClassicPlacement());
  const std::pair<const char*, const char*> owners[] = {{"a", "[::1]:9902"},
                                                        {"b", "[::1]:9900"},
                                                        {"c", "10.0.0.5:9900"},
                                                        {"g", "[2001:db8::5]:9900"},
                                                        {"h", "[::1]:9902"}};
  for (const auto& [key, owner] : owners) {
    EXPECT_EQ(view.owner_of(key).address->name(), owner) << key;
    EXPECT_EQ(view.owner_of(key).is_self, std::string(owner) == "[::1]:9900");
  }
}

}  // namespace
}  // namespace p2p::ring
