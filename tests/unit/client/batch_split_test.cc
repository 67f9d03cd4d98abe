#include "rules/batch_split.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace p2p::client {
namespace {

TEST(BatchSplit, GivesEachOwnerItsKeysInTheirOrder) {
  const auto parts = split({{2, 1}, {0, 1}, {2, 1}, {1, 1}, {0, 1}});
  EXPECT_EQ(parts, (std::vector<BatchPart>{{0, 2}, {1, 4}, {3}}));
}

TEST(BatchSplit, HasNoPartsForNoKeys) { EXPECT_TRUE(split({}).empty()); }

TEST(BatchSplit, CutsWhatIsTooManyKeysForOneMessage) {
  const std::vector<BatchKey> keys(2 * kPartKeysMax + 1, BatchKey{0, 1});
  const auto parts = split(keys);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].size(), kPartKeysMax);
  EXPECT_EQ(parts[2], BatchPart{2 * kPartKeysMax});
}

TEST(BatchSplit, CutsWhatIsTooManyBytesForOneMessage) {
  const auto parts = split({{0, kPartBytesMax / 2}, {0, kPartBytesMax / 2}, {0, 1}, {1, 3 * kPartBytesMax}});
  EXPECT_EQ(parts, (std::vector<BatchPart>{{0, 1}, {2}, {3}}));
}

TEST(BatchSplit, NamesEachKeyOnce) {
  std::vector<BatchKey> keys;
  for (std::uint32_t at = 0; at < 20'000; ++at) keys.push_back({at * 7 % 5, at % 1'000});
  std::vector<std::uint32_t> seen;
  for (const BatchPart& part : split(keys)) {
    EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
    for (const auto at : part) EXPECT_EQ(keys[at].owner, keys[part.front()].owner);
    seen.insert(seen.end(), part.begin(), part.end());
  }
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), keys.size());
  for (std::uint32_t at = 0; at < seen.size(); ++at) ASSERT_EQ(seen[at], at);
}

}  // namespace
}  // namespace p2p::client
