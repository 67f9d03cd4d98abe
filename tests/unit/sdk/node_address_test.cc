#include <p2p/entered_address.h>

#include <gtest/gtest.h>

#include <utility>

namespace p2p {
namespace {

TEST(NodeAddress, ItsTextIsReadBackAsWhatItWas) {
  for (const char* address :
       {"127.0.0.1", "node-7.example", "::1", "::", "fe80::1%eth0", "2001:db8::7", "::ffff:10.0.0.1"}) {
    for (const std::uint16_t port : {0, 1, 9900, 65535}) {
      const NodeAddress written{address, port};
      const auto read = parse_node_address(written.name());
      ASSERT_TRUE(read.ok()) << written.name();
      EXPECT_EQ(read.value(), written);
    }
  }
}

TEST(NodeAddress, AnIpv6AddressStandsInBracketsButNotForTheRingOf2009) {
  EXPECT_EQ((NodeAddress{"::1", 9900}.name()), "[::1]:9900");
  EXPECT_EQ((NodeAddress{"::1", 9900}.classic_name()), "::1:9900");
  EXPECT_EQ((NodeAddress{"10.0.0.1", 9900}.name()), "10.0.0.1:9900");
  EXPECT_EQ((NodeAddress{"10.0.0.1", 9900}.classic_name()), "10.0.0.1:9900");
}

TEST(NodeAddress, WhatIsNoAddressIsRefused) {
  for (const char* text :
       {"", "a", ":9900", "::1:9900", "[::1]", "[::1]9900", "[]:9900", "[a]:9900", "[10.0.0.1]:9900", "[::1:9900",
        "::1]:9900", "[[::1]]:9900", "a:65536", "a:-1", "a:", "a:9900x", "a b:9900", "a/b:9900"}) {
    EXPECT_FALSE(parse_node_address(text).ok()) << text;
  }
}

TEST(NodeAddress, WhatIsEnteredInAnySpellingIsOneAddress) {
  const std::pair<const char*, const char*> spellings[] = {
      {"[0:0::1]:9900", "[::1]:9900"},
      {"[0000:0000:0000:0000:0000:0000:0000:0001]:9900", "[::1]:9900"},
      {"[FD00::A]:9900", "[fd00::a]:9900"},
      {"[0::0]:9900", "[::]:9900"},
      {"[::ffff:10.0.0.5]:9900", "10.0.0.5:9900"},
      {"[::FFFF:0a00:0005]:9900", "10.0.0.5:9900"},
      {"[FE80:0::1%eth0]:9900", "[fe80::1%eth0]:9900"},
      {"127.1:9900", "127.0.0.1:9900"},
      {"10.0.0.5:9900", "10.0.0.5:9900"},
      {"localhost:9900", "localhost:9900"},
      {"Node-7.example:9900", "Node-7.example:9900"},
  };
  for (const auto& [entered, name] : spellings) {
    const auto read = entered_address(entered);
    ASSERT_TRUE(read.ok()) << entered;
    EXPECT_EQ(read.value().name(), name);
    EXPECT_EQ(entered_address(name).value(), read.value());
  }
  EXPECT_FALSE(entered_address("::1:9900").ok());
}

}  // namespace
}  // namespace p2p
