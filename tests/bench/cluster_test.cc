// The generator's rules for clusters: whose a key is in a Redis Cluster.
#include "cluster/redis_slots.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace p2p::bench {
namespace {

const NodeAddress kAsked{"127.0.0.1", 7000};

// Redis Cluster specification, appendix A: the CRC16 of "123456789" is 0x31C3.
TEST(RedisSlots, AKeysSlotIsItsChecksumModuloTheSlots) {
  EXPECT_EQ(redis_slot_of("123456789"), 0x31C3 % kRedisSlots);
  EXPECT_EQ(redis_slot_of(""), 0);
}

TEST(RedisSlots, MastersAndTheirRangesAreRead) {
  const auto slots = parse_cluster_nodes(
      "aa :7000@17000 myself,master - 0 0 1 connected 0-5460 16383\n"
      "bb 127.0.0.2:7001@17001,name master - 0 1 2 connected 5461-16382 [5461->-aa]\n"
      "cc 127.0.0.1:7002@17002 slave bb 0 1 2 connected\n",
      kAsked);
  ASSERT_EQ(slots.masters.size(), 2U);
  EXPECT_EQ(slots.masters[0], kAsked);
  EXPECT_EQ(slots.masters[1], (NodeAddress{"127.0.0.2", 7001}));
  EXPECT_EQ(slots.owner[5460], 0);
  EXPECT_EQ(slots.owner[5461], 1);
  EXPECT_EQ(slots.owner[16383], 0);
}

TEST(RedisSlots, ASlotWithoutAnOwnerIsRefused) {
  EXPECT_THROW(parse_cluster_nodes("aa :7000@17000 myself,master - 0 0 1 connected 0-16382\n", kAsked),
               std::runtime_error);
}

TEST(RedisSlots, NonsenseIsRefused) {
  for (const char* range : {"0-16384", "7-3", "x", "0-", "-5"}) {
    const std::string line = std::string("aa :7000@17000 master - 0 0 1 connected 0-16383 ") + range + "\n";
    EXPECT_THROW(parse_cluster_nodes(line, kAsked), std::runtime_error) << range;
  }
  EXPECT_THROW(parse_cluster_nodes("aa 7000 master - 0 0 1 connected 0-16383\n", kAsked), std::runtime_error);
}

}  // namespace
}  // namespace p2p::bench
