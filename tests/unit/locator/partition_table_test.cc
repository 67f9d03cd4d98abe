// The partition of a key against golden vectors, and tables of owners.
#include "placement/partition_table.h"
#include "partition_vectors.h"

#include <gtest/gtest.h>

namespace p2p::placement {
namespace {

using nlohmann::json;

std::uint64_t number_of(const json& hex) { return std::stoull(hex.get<std::string>(), nullptr, 16); }

TEST(PartitionOf, IsWhatEveryGoldenVectorSays) {
  ASSERT_EQ(partition_vectors()["keys"].size(), 18u);
  const json& counts = partition_vectors()["partition_counts"];
  for (const json& vector : partition_vectors()["keys"]) {
    SCOPED_TRACE(vector.dump());
    for (std::size_t at = 0; at < counts.size(); ++at)
      EXPECT_EQ(partition_of(bytes_of(vector["key_hex"]), counts[at]), vector["partitions"][at].get<std::uint32_t>());
  }
}

TEST(RendezvousWeight, IsWhatEveryGoldenVectorSays) {
  ASSERT_EQ(partition_vectors()["rendezvous"].size(), 6u);
  for (const json& vector : partition_vectors()["rendezvous"]) {
    const auto weight = rendezvous_weight(vector["partition"], number_of(vector["id"][0]), number_of(vector["id"][1]));
    EXPECT_EQ(weight, number_of(vector["weight"])) << vector.dump();
  }
}

TEST(PartitionTable, GivesTheOwnersOfEachPartitionThePrimaryFirst) {
  OwnerLists lists(4);
  const std::vector<std::vector<MemberIndex>> all = {{2, 0}, {}, {1}, {0, 1, 2}};
  for (const auto& owners : all) lists.append(owners);
  const PartitionTable table(9, std::move(lists));
  EXPECT_EQ(table.epoch(), 9u);
  ASSERT_EQ(table.partitions(), 4u);
  for (std::uint32_t partition = 0; partition < 4; ++partition) {
    const auto owners = table.owners(partition);
    EXPECT_EQ(std::vector<MemberIndex>(owners.begin(), owners.end()), all[partition]);
    EXPECT_EQ(table.primary(partition), all[partition].empty() ? kNobody : all[partition].front());
  }
  EXPECT_EQ(table.owner_of("abc"), table.primary(partition_of("abc", 4)));
}

TEST(PartitionTable, OfOnePartitionHoldsEveryKey) {
  OwnerLists lists(1);
  const MemberIndex owner = 5;
  lists.append({&owner, 1});
  const PartitionTable table(1, std::move(lists));
  for (const char* key : {"", "a", "abc"}) EXPECT_EQ(table.owner_of(key), 5);
}

TEST(PartitionsNamed, ReadsWhatPartitionsNameWrites) {
  for (const std::uint32_t partitions : {1u, 16u, 4'096u, 65'536u})
    EXPECT_EQ(partitions_named(partitions_name(partitions)), partitions);
  EXPECT_EQ(partitions_name(4'096), "partitions:4096");
  for (const char* other : {"classic", "partitions:", "partitions:0", "partitions:3", "partitions:131072",
                            "partitions:4096x", "partitions:-4", "partitions:99999999999"})
    EXPECT_EQ(partitions_named(other), std::nullopt) << other;
}

}  // namespace
}  // namespace p2p::placement
