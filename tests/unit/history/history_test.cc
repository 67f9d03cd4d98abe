#include "history/history.h"

#include <gtest/gtest.h>

namespace p2p::history {
namespace {

TEST(StoredValue, ComesBackAsTheValueThatWasStored) {
  for (const std::size_t bytes : {1u, 9u, 10u, 100u}) {
    EXPECT_EQ(read_stored_value(stored_value({3, 123}, bytes), bytes), (Value{3, 123}));
    EXPECT_EQ(read_stored_value(stored_value({30, 12'345'678}, bytes), bytes), (Value{30, 12'345'678}));
  }
}

TEST(StoredValue, HasTheSizeThatWasAskedForUnlessItsNameIsLonger) {
  EXPECT_EQ(stored_value({3, 123}, 100).size(), 100u);
  EXPECT_EQ(stored_value({3, 123}, 1), "c3-000123");
}

TEST(StoredValue, IsForeignWithASingleByteLostAddedOrChanged) {
  const std::string stored = stored_value({3, 123}, 20);
  EXPECT_EQ(read_stored_value(stored.substr(0, 19), 20), kForeignValue);
  EXPECT_EQ(read_stored_value(stored + '.', 20), kForeignValue);
  std::string changed = stored;
  changed[15] = 'x';
  EXPECT_EQ(read_stored_value(changed, 20), kForeignValue);
}

TEST(StoredValue, IsForeignWhenItIsNoNameOfOurs) {
  for (const char* bytes :
       {"", "c", "c3", "c3-", "c-000001", "x3-000123", "c3-123", "c3-0000123", "c99999999999-000001"}) {
    EXPECT_EQ(read_stored_value(bytes, 1), kForeignValue) << bytes;
  }
}

}  // namespace
}  // namespace p2p::history
