#include "config/advertise.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

const Location kEverywhere{"0.0.0.0", 9900};

TEST(Advertise, ANodeThatListensOnOneAddressIsReachedThere) {
  const Location listen{"127.0.0.1", 9901};
  EXPECT_EQ(decide_advertised(listen, std::nullopt, {"10.0.0.5"}).value(), listen);
}

TEST(Advertise, ANodeThatListensOnAllIsReachedAtItsOwnResolvedAddress) {
  EXPECT_EQ(decide_advertised(kEverywhere, std::nullopt, {"10.0.0.5"}).value(), (Location{"10.0.0.5", 9900}));
  EXPECT_EQ(decide_advertised({"::", 9900}, std::nullopt, {"10.0.0.5"}).value(), (Location{"10.0.0.5", 9900}));
}

TEST(Advertise, AResolvedLoopbackAddressIsRefusedWithTheFix) {
  for (const std::string resolved : {"127.0.1.1", "::1", "::ffff:127.0.0.1"}) {
    const auto decided = decide_advertised({"::", 9900}, std::nullopt, {resolved});
    ASSERT_FALSE(decided.ok());
    EXPECT_EQ(decided.error().text, "the node listens on every address, but the machine's own name resolves to " +
                                        resolved +
                                        ", which is itself only; say how others reach it: [host] advertise = "
                                        "\"ADDRESS:9900\", or listen on one address");
  }
}

TEST(Advertise, OfSeveralAddressesTheFirstThatOthersCanReachAndThatIsServedIsTaken) {
  const std::vector<std::string> resolved{"fe80::1%eth0", "127.0.1.1", "2001:db8::5", "10.0.0.5"};
  EXPECT_EQ(decide_advertised(kEverywhere, std::nullopt, resolved).value(), (Location{"10.0.0.5", 9900}));
  EXPECT_EQ(decide_advertised({"::", 9900}, std::nullopt, resolved).value(), (Location{"10.0.0.5", 9900}));
  EXPECT_EQ(decide_advertised({"::", 9900}, std::nullopt, {"fe80::1", "::1", "2001:db8::5"}).value(),
            (Location{"2001:db8::5", 9900}));
  EXPECT_FALSE(decide_advertised(kEverywhere, std::nullopt, {"2001:db8::5"}).ok());  // listens on those of IPv4 only
}

TEST(Advertise, ALinkLocalAddressIsNoAddressToAdvertise) {
  for (const char* address : {"fe80::1", "fe80::1%eth0", "febf::1"}) {
    EXPECT_FALSE(decide_advertised(kEverywhere, Location{address, 9900}, {}).ok()) << address;
    EXPECT_FALSE(decide_advertised({address, 9900}, std::nullopt, {}).ok()) << address;
    EXPECT_TRUE(decide_advertised({address, 9900}, Location{"fd00::1", 0}, {}).ok()) << address;
  }
}

TEST(Advertise, AMachineWithoutAddressIsRefusedWithTheFix) {
  const auto decided = decide_advertised(kEverywhere, std::nullopt, {});
  ASSERT_FALSE(decided.ok());
  EXPECT_NE(decided.error().text.find("has no address that it can be reached at; say how"), std::string::npos);
}

TEST(Advertise, TheOperatorsWordWinsEvenWhenItIsLoopback) {
  EXPECT_EQ(decide_advertised(kEverywhere, Location{"127.0.0.1", 7000}, {"10.0.0.5"}).value(),
            (Location{"127.0.0.1", 7000}));
}

TEST(Advertise, PortZeroStandsForThePortThatTheNodeGot) {
  EXPECT_EQ(decide_advertised({"0.0.0.0", 9907}, Location{"10.0.0.9", 0}, {}).value(), (Location{"10.0.0.9", 9907}));
}

TEST(Advertise, EveryAddressIsNoAddressToAdvertise) {
  EXPECT_FALSE(decide_advertised(kEverywhere, Location{"0.0.0.0", 9900}, {"10.0.0.5"}).ok());
}

}  // namespace
}  // namespace p2p::host
