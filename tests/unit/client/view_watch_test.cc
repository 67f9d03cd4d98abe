#include "rules/view_watch.h"

#include <gtest/gtest.h>

namespace p2p::client {
namespace {

constexpr TimePoint kNow{std::chrono::hours(1)};

ViewWatch watch_of(std::uint64_t view, TimePoint refreshed) {
  ViewWatch watch;
  watch.adopted(view, 0, refreshed);
  watch.refreshed(refreshed);
  return watch;
}

TEST(ViewWatch, LooksForAnyViewWhileItKnowsNone) { EXPECT_TRUE(ViewWatch().wants_refresh(7, kNow)); }

TEST(ViewWatch, DoesNotLookForTheViewThatItHas) {
  EXPECT_FALSE(watch_of(7, kNow).wants_refresh(7, kNow + std::chrono::hours(1)));
}

TEST(ViewWatch, FollowsANewViewAtOnceButNotForEveryReply) {
  const ViewWatch watch = watch_of(7, kNow);
  EXPECT_FALSE(watch.wants_refresh(8, kNow + kRefreshPause / 2));
  EXPECT_TRUE(watch.wants_refresh(8, kNow + kRefreshPause));
}

TEST(ViewWatch, LooksSeldomForAViewThatItHasLeft) {
  ViewWatch watch = watch_of(7, kNow);
  watch.adopted(8, 0, kNow);
  EXPECT_FALSE(watch.wants_refresh(7, kNow + kRefreshPause));
  EXPECT_TRUE(watch.wants_refresh(7, kNow + kLeftViewPause));
}

TEST(ViewWatch, ForgetsViewsThatItLeftLongAgo) {
  ViewWatch watch = watch_of(1, kNow);
  for (std::uint64_t view = 2; view <= kViewsRemembered + 2; ++view) watch.adopted(view, 0, kNow);
  EXPECT_TRUE(watch.wants_refresh(1, kNow + kRefreshPause));
  EXPECT_FALSE(watch.wants_refresh(2, kNow + kRefreshPause));
}

TEST(ViewWatch, IgnoresAnOlderEpochForAWhile) {
  ViewWatch watch;
  EXPECT_FALSE(watch.is_behind(0, kNow));
  watch.adopted(7, 5, kNow);
  EXPECT_FALSE(watch.is_behind(5, kNow));
  EXPECT_FALSE(watch.is_behind(6, kNow));
  EXPECT_TRUE(watch.is_behind(4, kNow));
  EXPECT_TRUE(watch.is_behind(0, kNow)) << "a node that has no map yet";
  EXPECT_FALSE(watch.is_behind(4, kNow + kOlderEpochPause)) << "the network may have begun anew";
}

}  // namespace
}  // namespace p2p::client
