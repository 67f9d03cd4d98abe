#include <p2p/location.h>

#include <gtest/gtest.h>

#include <string>

namespace p2p {
namespace {

TEST(Location, ItsTextIsReadBackAsWhatItWas) {
  for (const char* address : {"127.0.0.1", "node-7.example", "::1", "::", "fe80::1%eth0", "2001:db8::7", "::ffff:10.0.0.1"}) {
    for (const std::uint16_t port : {0, 1, 9900, 65535}) {
      const Location written{address, port};
      const auto read = parse_location(written.name());
      ASSERT_TRUE(read.ok()) << written.name();
      EXPECT_EQ(read.value(), written);
    }
  }
}

TEST(Location, AnIpv6AddressStandsInBracketsButNotForTheRingOf2009) {
  EXPECT_EQ((Location{"::1", 9900}.name()), "[::1]:9900");
  EXPECT_EQ((Location{"::1", 9900}.classic_name()), "::1:9900");
  EXPECT_EQ((Location{"10.0.0.1", 9900}.name()), "10.0.0.1:9900");
  EXPECT_EQ((Location{"10.0.0.1", 9900}.classic_name()), "10.0.0.1:9900");
}

TEST(Location, WhatIsNoAddressIsRefused) {
  for (const char* text : {"", "a", ":9900", "::1:9900", "[::1]", "[::1]9900", "[]:9900", "[a]:9900", "[10.0.0.1]:9900", "[::1:9900",
                           "::1]:9900", "[[::1]]:9900", "a:65536", "a:-1", "a:", "a:9900x", "a b:9900", "a/b:9900"}) {
    EXPECT_FALSE(parse_location(text).ok()) << text;
  }
}

}  // namespace
}  // namespace p2p
