#include "replication/batch_split.h"
#include "fake_ring.h"

#include <gtest/gtest.h>

namespace p2p::diststore {
namespace {

using Indexes = std::vector<KeyIndex>;

const std::vector<std::string> kKeys{"a", "b", "c", "d", "e"};
const std::string& key_at(KeyIndex index) { return kKeys[index]; }

TEST(BatchSplit, EveryKeyGoesToItsOwnerInTheOrderOfTheRequest) {
  const FakeRing ring(kSelf, {{"b", kOther}, {"c", kThird}, {"d", kOther}});
  const BatchSplit split = split_by_owner(Indexes{0, 1, 2, 3, 4}, ring, key_at);
  EXPECT_EQ(split.local, (Indexes{0, 4}));
  ASSERT_EQ(split.remote.size(), 2u);
  EXPECT_EQ(split.remote[0].owner, kOther);
  EXPECT_EQ(split.remote[0].indexes, (Indexes{1, 3}));
  EXPECT_EQ(split.remote[1].owner, kThird);
  EXPECT_EQ(split.remote[1].indexes, (Indexes{2}));
  EXPECT_TRUE(split.unowned.empty());
}

TEST(BatchSplit, OnlyTheIndexesAskedForAreDealt) {
  const BatchSplit split = split_by_owner(Indexes{1, 3}, FakeRing(kSelf), key_at);
  EXPECT_EQ(split.local, (Indexes{1, 3}));
  EXPECT_TRUE(split.remote.empty());
}

TEST(BatchSplit, KeysOfAnEmptyRingAreUnowned) {
  EXPECT_EQ(split_by_owner(Indexes{0, 1}, FakeRing(NodeAddress{}), key_at).unowned, (Indexes{0, 1}));
}

TEST(MatchReply, ResultsFindTheirPlaceInTheRequest) {
  const auto outcome = match_reply({kOther, {1, 3, 4}}, 3, std::vector<std::int32_t>{1});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->undone, (Indexes{3}));
  EXPECT_EQ(outcome->done, (std::vector<std::pair<KeyIndex, std::size_t>>{{1, 0}, {4, 2}}));
}

TEST(MatchReply, AReplyThatDoesNotFitThePartIsRefused) {
  const RemotePart part{kOther, {1, 3}};
  EXPECT_FALSE(match_reply(part, 1, {}));
  EXPECT_FALSE(match_reply(part, 3, {}));
  EXPECT_FALSE(match_reply(part, 2, std::vector<std::int32_t>{2}));
  EXPECT_FALSE(match_reply(part, 2, std::vector<std::int32_t>{-1}));
  EXPECT_TRUE(match_reply(part, 2, std::vector<std::int32_t>{1, 1, 0})) << "naming one twice does no harm";
}

}  // namespace
}  // namespace p2p::diststore
