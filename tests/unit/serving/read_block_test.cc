#include "serving/read_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace p2p::host {
namespace {

TEST(ReadBlock, KeepsItsBytesHoweverItGrows) {
  ReadBlock block(4);
  std::copy_n("abcd", 4, block.data());
  for (std::size_t size = 8; size <= 16u << 20; size *= 4) {
    block.resize(size);
    ASSERT_EQ(block.size(), size);
    EXPECT_EQ(std::string_view(block.data(), 4), "abcd");
    block.data()[size - 1] = 'z';  // all of it may be written to
  }
}

TEST(ReadBlock, IsEmptyWhenItsMemoryWasTakenOrGivenBack) {
  ReadBlock block(4);
  ReadBlock taken = std::move(block);
  EXPECT_TRUE(block.empty());  // NOLINT: a moved-from block is empty
  EXPECT_EQ(taken.size(), 4u);
  taken.reset();
  EXPECT_TRUE(taken.empty());
  taken.resize(8);
  EXPECT_EQ(taken.size(), 8u);
}

}  // namespace
}  // namespace p2p::host
