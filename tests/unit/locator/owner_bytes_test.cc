// Owners as clients are told them, against golden vectors.
#include "placement/owner_bytes.h"
#include "partition_vectors.h"

#include <gtest/gtest.h>

namespace p2p::placement {
namespace {

using Names = std::vector<std::string>;

Names nodes_of_vector(const nlohmann::json& told) {
  auto nodes = told["members"].get<Names>();
  for (const auto& node : told["leaving"]) nodes.push_back(node);
  return nodes;
}

// "" where nobody is.
Names named_owners(const Owners& owners, const Names& nodes) {
  Names named;
  for (const MemberIndex owner : owners) named.push_back(owner == kNobody ? "" : nodes[owner]);
  return named;
}

Names names_of_vector(const nlohmann::json& told) {
  Names named;
  for (const auto& owner : told["owners"]) named.push_back(owner.is_null() ? "" : owner.get<std::string>());
  return named;
}

void expect_delta(const Owners& before, const Names& nodes, const nlohmann::json& delta) {
  SCOPED_TRACE(delta.dump());
  Owners owners = before;
  Names after = nodes;
  if (delta.contains("members")) {
    after = nodes_of_vector(delta);
    const auto indexes = indexes_after(nodes, after);
    for (MemberIndex& owner : owners) owner = owner == kNobody ? kNobody : indexes[owner];
  }
  ASSERT_EQ(apply_moves(bytes_of(delta["moved_hex"]), after.size(), owners), delta.contains("owners"));
  if (!delta.contains("owners")) return;
  EXPECT_EQ(named_owners(owners, after), names_of_vector(delta));
}

TEST(OwnerBytes, MeanWhatTheGoldenVectorsSay) {
  ASSERT_EQ(partition_vectors()["tables"].size(), 5u);
  for (const auto& told : partition_vectors()["tables"]) {
    SCOPED_TRACE(told.dump());
    const Names nodes = nodes_of_vector(told);
    const std::string bytes = bytes_of(told["owners_hex"]);
    const auto partitions = partitions_named(told["placement"].get<std::string>());
    const auto owners = partitions ? owners_in(bytes, *partitions, nodes.size()) : std::nullopt;
    ASSERT_EQ(owners.has_value(), told.contains("owners"));
    if (!owners) continue;
    EXPECT_EQ(named_owners(*owners, nodes), names_of_vector(told));
    EXPECT_EQ(bytes_of_owners(*owners), bytes);
    for (const auto& delta : told["deltas"]) expect_delta(*owners, nodes, delta);
  }
}

TEST(OwnerBytes, OfMovesAreReadAsTheyWereWritten) {
  std::string bytes;
  append_move(bytes, 0xfffe, 0x1234);
  append_move(bytes, 1, kNobody);
  EXPECT_EQ(bytes, std::string("\xff\xfe\x12\x34\x00\x01\xff\xff", 8));
  Owners owners(0x10000, 0);
  ASSERT_TRUE(apply_moves(bytes, 0x1235, owners));
  EXPECT_EQ(owners[0xfffe], 0x1234);
  EXPECT_EQ(owners[1], kNobody);
}

}  // namespace
}  // namespace p2p::placement
