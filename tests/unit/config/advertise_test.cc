#include "config/advertise.h"

#include "text/address_kind.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

const NodeAddress kEverywhere{"0.0.0.0", 9900};

TEST(Advertise, ANodeThatListensOnOneAddressIsReachedThere) {
  const NodeAddress listen{"127.0.0.1", 9901};
  EXPECT_EQ(decide_advertised(listen, std::nullopt, {"10.0.0.5"}, 9900).value(), listen);
}

TEST(Advertise, ANodeThatListensOnAllIsReachedAtItsOwnResolvedAddress) {
  EXPECT_EQ(decide_advertised(kEverywhere, std::nullopt, {"10.0.0.5"}, 9900).value(), (NodeAddress{"10.0.0.5", 9900}));
  EXPECT_EQ(decide_advertised({"::", 9900}, std::nullopt, {"10.0.0.5"}, 9900).value(), (NodeAddress{"10.0.0.5", 9900}));
}

TEST(Advertise, AResolvedLoopbackAddressIsRefusedWithTheFix) {
  for (const std::string resolved : {"127.0.1.1", "::1", "::ffff:127.0.0.1"}) {
    const auto decided = decide_advertised({"::", 9900}, std::nullopt, {resolved}, 9900);
    ASSERT_FALSE(decided.ok());
    EXPECT_EQ(decided.error().text, "the node listens on every address, but the machine's own name resolves to " +
                                        resolved +
                                        ", which is itself only; say how others reach it: [host] advertise = "
                                        "\"ADDRESS:9900\", or listen on one address");
  }
}

TEST(Advertise, OfSeveralAddressesTheFirstThatOthersCanReachAndThatIsServedIsTaken) {
  const std::vector<std::string> resolved{"fe80::1%eth0", "127.0.1.1", "2001:db8::5", "10.0.0.5"};
  EXPECT_EQ(decide_advertised(kEverywhere, std::nullopt, resolved, 9900).value(), (NodeAddress{"10.0.0.5", 9900}));
  EXPECT_EQ(decide_advertised({"::", 9900}, std::nullopt, resolved, 9900).value(), (NodeAddress{"10.0.0.5", 9900}));
  EXPECT_EQ(decide_advertised({"::", 9900}, std::nullopt, {"fe80::1", "::1", "2001:db8::5"}, 9900).value(),
            (NodeAddress{"2001:db8::5", 9900}));
  EXPECT_FALSE(
      decide_advertised(kEverywhere, std::nullopt, {"2001:db8::5"}, 9900).ok());  // listens on those of IPv4 only
}

TEST(Advertise, ALinkLocalAddressIsNoAddressToAdvertise) {
  for (const char* address : {"fe80::1", "fe80::1%eth0", "febf::1"}) {
    EXPECT_FALSE(decide_advertised(kEverywhere, NodeAddress{address, 9900}, {}, 9900).ok()) << address;
    EXPECT_FALSE(decide_advertised({address, 9900}, std::nullopt, {}, 9900).ok()) << address;
    EXPECT_TRUE(decide_advertised({address, 9900}, NodeAddress{"fd00::1", 0}, {}, 9900).ok()) << address;
  }
}

TEST(Advertise, AMachineWithoutAddressIsRefusedWithTheFix) {
  const auto decided = decide_advertised(kEverywhere, std::nullopt, {}, 9900);
  ASSERT_FALSE(decided.ok());
  EXPECT_NE(decided.error().text.find("has no address that it can be reached at; say how"), std::string::npos);
}

TEST(Advertise, TheOperatorsWordWinsEvenWhenItIsLoopback) {
  EXPECT_EQ(decide_advertised(kEverywhere, NodeAddress{"127.0.0.1", 7000}, {"10.0.0.5"}, 9900).value(),
            (NodeAddress{"127.0.0.1", 7000}));
}

TEST(Advertise, PortZeroStandsForThePortThatTheNodeGot) {
  EXPECT_EQ(decide_advertised({"0.0.0.0", 9907}, NodeAddress{"10.0.0.9", 0}, {}, 9900).value(),
            (NodeAddress{"10.0.0.9", 9907}));
}

TEST(Advertise, AnAdvertisedPortIsRefusedWhenTheNodeGotAnother) {
  const auto decided = decide_advertised({"0.0.0.0", 9901}, NodeAddress{"10.0.0.9", 9900}, {}, 9900);
  ASSERT_FALSE(decided.ok());
  EXPECT_NE(decided.error().text.find("the node got port 9901 instead of 9900, which is taken"), std::string::npos);
}

TEST(AddressKind, IsKnownHoweverTheAddressIsWritten) {
  for (const char* text : {"0.0.0.0", "0", "0x0", "::", "0:0:0:0:0:0:0:0", "::ffff:0.0.0.0"}) {
    EXPECT_TRUE(is_every_address(text)) << text;
    EXPECT_FALSE(is_loopback(text) || is_of_many(text)) << text;
  }
  for (const char* text : {"127.0.0.1", "127.1.2.3", "127.1", "::1", "0:0::1", "::ffff:127.0.0.1", "localhost"}) {
    EXPECT_TRUE(is_loopback(text)) << text;
    EXPECT_FALSE(is_every_address(text) || is_of_many(text)) << text;
  }
  for (const char* text :
       {"224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1", "ff02::1%lo", "::ffff:224.0.0.1"}) {
    EXPECT_TRUE(is_of_many(text)) << text;
    EXPECT_FALSE(is_every_address(text) || is_loopback(text)) << text;
  }
  for (const char* text : {"10.0.0.5", "fd00::1", "node7", "240.0.0.1", ""}) {
    EXPECT_FALSE(is_every_address(text) || is_loopback(text) || is_of_many(text)) << text;
  }
}

}  // namespace
}  // namespace p2p::host
