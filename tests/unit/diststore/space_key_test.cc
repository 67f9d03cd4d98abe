// Keys of the reserved form: which bytes they are, and where they are placed.
#include "engine/space_key.h"
#include "engine/partition_of.h"
#include "replication/batch.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace p2p::diststore {
namespace {

using namespace std::string_view_literals;

// Other nodes rely on every byte.
TEST(SpaceKey, TheBytesAreThese) {
  EXPECT_EQ(stored_key_of({"queue", "jobs"}), "\0p2p\0s\5queuejobs"sv);
  EXPECT_EQ(stored_key_of({"a", ""}), "\0p2p\0s\1a"sv);
  EXPECT_EQ(stored_key_of({"a", "\0p2p\0s\1ab"sv}), "\0p2p\0s\1a\0p2p\0s\1ab"sv);
}

TEST(SpaceKey, WhatItSaysIsReadBack) {
  for (const SpaceKey& key : {SpaceKey{"queue", "jobs"}, SpaceKey{"a", ""}, SpaceKey{"a", "\0\xff"sv}}) {
    const std::string stored = stored_key_of(key);
    const auto read = space_key_of(stored);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->space, key.space);
    EXPECT_EQ(read->route_key, key.route_key);
  }
}

TEST(SpaceKey, TwoPairsNeverShareAKey) {
  EXPECT_NE(stored_key_of({"ab", "c"}), stored_key_of({"a", "bc"}));
  EXPECT_NE(stored_key_of({"a", ""}), stored_key_of({"aa", ""}));
}

TEST(SpaceKey, OnlyTheWholeFormIsOne) {
  for (const std::string_view key : {""sv, "\0"sv, "a"sv, "\0p2p"sv, "\0p2p\0"sv, "\0p2p\0s"sv, "\0p2p\0s\0x"sv,
                                     "\0p2p\0s\5queu"sv, "\0p2p\0t\1a"sv}) {
    EXPECT_FALSE(space_key_of(key));
    EXPECT_EQ(placed_by(key), key);
  }
}

TEST(SpaceKey, EveryKeyThatBeginsWithThePrefixIsReserved) {
  for (const std::string_view key : {"\0p2p\0"sv, "\0p2p\0s\5queue"sv, "\0p2p\0future"sv})
    EXPECT_TRUE(is_reserved(key));
  for (const std::string_view key : {""sv, "\0"sv, "\0p2p"sv, "\0p2pa"sv, "p2p"sv}) EXPECT_FALSE(is_reserved(key));
}

TEST(SpaceKey, ItsPartitionIsThatOfTheRouteKeyAlone) {
  for (const char* route_key : {"", "a", "abc", "a key of more than sixteen bytes"}) {
    for (const char* space : {"a", "queue"}) {
      const std::string stored = stored_key_of({space, route_key});
      EXPECT_EQ(partition_of(stored), partition_of(route_key));
      EXPECT_EQ(replication::hash_of(stored) >> (64 - kPartitionBits), partition_of(route_key));
    }
  }
  EXPECT_EQ(partition_of(stored_key_of({"queue", "abc"})), 0x78au);
}

TEST(SpaceKey, SpacesOfOneRouteKeyDifferInTheRestOfTheirHashes) {
  EXPECT_NE(replication::hash_of(stored_key_of({"a", "abc"})), replication::hash_of(stored_key_of({"b", "abc"})));
  EXPECT_NE(replication::hash_of(stored_key_of({"a", "abc"})), replication::hash_of("abc"));
}

}  // namespace
}  // namespace p2p::diststore
