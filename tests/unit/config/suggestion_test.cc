#include "config/suggestion.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

TEST(Suggestion, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", "ab"), 2u);
  EXPECT_EQ(edit_distance("listen", "listen"), 0u);
  EXPECT_EQ(edit_distance("lisen", "listen"), 1u);
  EXPECT_EQ(edit_distance("litsen", "listen"), 1u);
  EXPECT_EQ(edit_distance("locater", "locator"), 1u);
}

TEST(Suggestion, TakesTheNearestOfTheKnownWords) {
  EXPECT_EQ(did_you_mean("io_threds", {"worker_threads", "io_threads"}), "; did you mean 'io_threads'?");
}

TEST(Suggestion, KeepsSilentWhenNothingIsNear) {
  EXPECT_EQ(did_you_mean("colour", {"listen", "admin"}), "");
  EXPECT_EQ(did_you_mean("xy", {"ab"}), "");
}

}  // namespace
}  // namespace p2p::host
