#include "peers/peer_identity.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

peer::HelloRequest hello_of(const std::string& cluster) { return PeerIdentity({"127.0.0.1", 1}, cluster).request(); }

TEST(Hello, NodesOfOneClusterWelcomeEachOther) {
  const PeerIdentity here({"127.0.0.1", 9900}, "p2phost");
  EXPECT_FALSE(here.refusal_of(hello_of("p2phost")).has_value());
  EXPECT_EQ(here.reply_to(hello_of("p2phost")).features, std::vector<std::string>{kOvertakeFeature});
}

TEST(Hello, AnotherClusterIsRefusedWithBothNames) {
  const PeerIdentity here({"127.0.0.1", 9900}, "p2phost");
  const auto refusal = here.refusal_of(hello_of("staging"));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->field, "cluster");
  EXPECT_EQ(refusal->ours, "p2phost");
  EXPECT_EQ(refusal->theirs, "staging");
}

TEST(Hello, VersionsThatDoNotOverlapAreRefusedAndWiderOnesAgreeOnTheHighestKnown) {
  const PeerIdentity here({"127.0.0.1", 9900}, "p2phost");
  auto request = hello_of("p2phost");
  request.version_min = kPeerProtocolMax + 1;
  request.version_max = kPeerProtocolMax + 3;
  ASSERT_TRUE(here.refusal_of(request).has_value());
  EXPECT_EQ(here.refusal_of(request)->field, "version");
  request.version_min = kPeerProtocolMin;
  EXPECT_FALSE(here.refusal_of(request).has_value());
  EXPECT_EQ(here.reply_to(request).version, kPeerProtocolMax);
}

}  // namespace
}  // namespace p2p::host
