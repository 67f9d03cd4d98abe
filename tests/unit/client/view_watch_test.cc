#include "rules/view_watch.h"

#include <gtest/gtest.h>

namespace p2p::client {
namespace {

constexpr TimePoint kNow{std::chrono::hours(1)};

ViewWatch watch_of(std::uint64_t view, TimePoint looked) {
  ViewWatch watch;
  watch.adopted(view);
  watch.looked(looked);
  return watch;
}

TEST(ViewWatch, LooksForAnyViewWhileItKnowsNone) { EXPECT_TRUE(ViewWatch().wants_look(7, kNow)); }

TEST(ViewWatch, DoesNotLookForTheViewThatItHas) {
  EXPECT_FALSE(watch_of(7, kNow).wants_look(7, kNow + std::chrono::hours(1)));
}

TEST(ViewWatch, FollowsANewViewAtOnceButNotForEveryReply) {
  const ViewWatch watch = watch_of(7, kNow);
  EXPECT_FALSE(watch.wants_look(8, kNow + kLookPause / 2));
  EXPECT_TRUE(watch.wants_look(8, kNow + kLookPause));
}

TEST(ViewWatch, LooksSeldomForAViewThatItHasLeft) {
  ViewWatch watch = watch_of(7, kNow);
  watch.adopted(8);
  EXPECT_FALSE(watch.wants_look(7, kNow + kLookPause));
  EXPECT_TRUE(watch.wants_look(7, kNow + kLeftViewPause));
}

TEST(ViewWatch, ForgetsViewsThatItLeftLongAgo) {
  ViewWatch watch = watch_of(1, kNow);
  for (std::uint64_t view = 2; view <= kViewsRemembered + 2; ++view) watch.adopted(view);
  EXPECT_TRUE(watch.wants_look(1, kNow + kLookPause));
  EXPECT_FALSE(watch.wants_look(2, kNow + kLookPause));
}

}  // namespace
}  // namespace p2p::client
