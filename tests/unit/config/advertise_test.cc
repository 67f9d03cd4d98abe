#include "config/advertise.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

const Location kEverywhere{"0.0.0.0", 9900};

TEST(Advertise, ANodeThatListensOnOneAddressIsReachedThere) {
  const Location listen{"127.0.0.1", 9901};
  EXPECT_EQ(decide_advertised(listen, std::nullopt, "10.0.0.5").value(), listen);
}

TEST(Advertise, ANodeThatListensOnAllIsReachedAtItsOwnResolvedAddress) {
  EXPECT_EQ(decide_advertised(kEverywhere, std::nullopt, "10.0.0.5").value(), (Location{"10.0.0.5", 9900}));
  EXPECT_EQ(decide_advertised({"::", 9900}, std::nullopt, "10.0.0.5").value(), (Location{"10.0.0.5", 9900}));
}

TEST(Advertise, AResolvedLoopbackAddressIsRefusedWithTheFix) {
  for (const std::string resolved : {"127.0.1.1", "::1", "::ffff:127.0.0.1"}) {
    const auto decided = decide_advertised(kEverywhere, std::nullopt, resolved);
    ASSERT_FALSE(decided.ok());
    EXPECT_EQ(decided.error().text, "the node listens on every address, but the machine's own name resolves to " +
                                        resolved +
                                        ", which is itself only; say how others reach it: [host] advertise = "
                                        "\"ADDRESS:9900\", or listen on one address");
  }
}

TEST(Advertise, AMachineWithoutAddressIsRefusedWithTheFix) {
  const auto decided = decide_advertised(kEverywhere, std::nullopt, "");
  ASSERT_FALSE(decided.ok());
  EXPECT_NE(decided.error().text.find("has no address; say how"), std::string::npos);
}

TEST(Advertise, TheOperatorsWordWinsEvenWhenItIsLoopback) {
  EXPECT_EQ(decide_advertised(kEverywhere, Location{"127.0.0.1", 7000}, "10.0.0.5").value(),
            (Location{"127.0.0.1", 7000}));
}

TEST(Advertise, PortZeroStandsForThePortThatTheNodeGot) {
  EXPECT_EQ(decide_advertised({"0.0.0.0", 9907}, Location{"10.0.0.9", 0}, "").value(), (Location{"10.0.0.9", 9907}));
}

TEST(Advertise, EveryAddressIsNoAddressToAdvertise) {
  EXPECT_FALSE(decide_advertised(kEverywhere, Location{"0.0.0.0", 9900}, "10.0.0.5").ok());
}

}  // namespace
}  // namespace p2p::host
