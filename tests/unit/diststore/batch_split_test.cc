#include "serving/batch_split.h"
#include "fake_ring.h"

#include <gtest/gtest.h>

namespace p2p::diststore {
namespace {

using Indexes = std::vector<KeyIndex>;

using Where = KeyRoute::Where;

// Nobody calls it.
char foreign_bytes;
ForeignStore* const kForeign = reinterpret_cast<ForeignStore*>(&foreign_bytes);

KeyRoute at(Where where, const NodeAddress& node) {
  return {.where = where, .node = &node, .foreign = where == Where::foreign ? kForeign : nullptr};
}

Indexes indexes_of(const std::vector<LocalKey>& keys) {
  Indexes indexes;
  for (const LocalKey& key : keys) indexes.push_back(key.index);
  return indexes;
}

TEST(BatchSplit, EveryKeyGoesToWhoServesItInTheOrderOfTheRequest) {
  const std::vector<KeyRoute> routes{{.where = Where::here, .proof = {5, 2}, .view = 7},
                                     at(Where::peer, kOther),
                                     at(Where::foreign, kThird),
                                     at(Where::peer, kOther),
                                     {.where = Where::here, .proof = {6, 0}, .view = 8}};
  const BatchSplit split = split_by_route(Indexes{0, 1, 2, 3, 4}, [&](KeyIndex index) { return routes[index]; });
  ASSERT_EQ(indexes_of(split.local), (Indexes{0, 4}));
  EXPECT_EQ(split.local[0].proof.view_version, 5u);
  EXPECT_EQ(split.local[0].view, 7);
  EXPECT_EQ(split.local[1].proof.view_version, 6u) << "each key has its own proof: the ring may change in between";
  EXPECT_EQ(split.local[1].view, 8);
  ASSERT_EQ(split.remote.size(), 2u);
  EXPECT_EQ(split.remote[0].owner, kOther);
  EXPECT_EQ(split.remote[0].indexes, (Indexes{1, 3}));
  EXPECT_EQ(split.remote[0].foreign, nullptr);
  EXPECT_EQ(split.remote[1].owner, kThird);
  EXPECT_EQ(split.remote[1].indexes, (Indexes{2}));
  EXPECT_EQ(split.remote[1].foreign, kForeign);
  EXPECT_TRUE(split.waiting.empty());
}

TEST(BatchSplit, OnlyTheIndexesAskedForAreDealt) {
  const BatchSplit split = split_by_route(Indexes{1, 3}, [](KeyIndex) { return KeyRoute{.where = Where::here}; });
  EXPECT_EQ(indexes_of(split.local), (Indexes{1, 3}));
  EXPECT_TRUE(split.remote.empty());
}

TEST(BatchSplit, KeysThatNoNodeServesWaitAndSayWhy) {
  const auto nobody = split_by_route(Indexes{0, 1}, [](KeyIndex) { return KeyRoute{}; });
  EXPECT_EQ(nobody.waiting, (Indexes{0, 1}));
  EXPECT_EQ(nobody.why, "no node owns the key at the moment");
  const auto later =
      split_by_route(Indexes{2}, [](KeyIndex) { return KeyRoute{.where = Where::wait, .why = "not yet"}; });
  EXPECT_EQ(later.waiting, (Indexes{2}));
  EXPECT_EQ(later.why, "not yet");
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
