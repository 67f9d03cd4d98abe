// Which names may a request have in its field Host?
#include "http/host_names.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

TEST(HostNames, APortIsNoPartOfTheName) {
  EXPECT_EQ(name_in_host("localhost:9900"), "localhost");
  EXPECT_EQ(name_in_host("Node1"), "node1");
  EXPECT_EQ(name_in_host("[::1]:9900"), "::1");
  EXPECT_EQ(name_in_host("[::1]"), "::1");
}

TEST(HostNames, WhatIsNoHostHasNoName) {
  for (const char* field : {"", ":80", "[::1", "localhost:", "localhost:x", "a:1:2", "localhost:123456", "[::1]x"})
    EXPECT_EQ(name_in_host(field), "") << field;
}

TEST(HostNames, LoopbackIsAlwaysOurs) {
  for (const char* field : {"localhost", "LOCALHOST:1", "127.0.0.1:9900", "127.3.4.5", "[::1]:9900"})
    EXPECT_TRUE(is_ours(field, false, {})) << field;
}

TEST(HostNames, NamesThatAPageCouldLetPointHereAreNot) {
  for (const char* field : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:9900", "10.0.0.5", "0",
                            "127.1", "[fe80::1]", "localhost.", ""})
    EXPECT_FALSE(is_ours(field, false, {})) << field;
}

TEST(HostNames, AListenerForOthersTakesAddressesAndTheNamesOfTheNode) {
  EXPECT_TRUE(is_ours("10.0.0.5:9901", true, {"node1"}));
  EXPECT_TRUE(is_ours("NODE1:9901", true, {"node1"}));
  EXPECT_FALSE(is_ours("node2:9901", true, {"node1"}));
}

}  // namespace
}  // namespace p2p::host
