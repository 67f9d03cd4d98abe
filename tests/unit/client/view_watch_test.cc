#include "rules/view_watch.h"

#include <gtest/gtest.h>

namespace p2p::client {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};

ViewWatch watch_of(std::uint64_t view, TimePoint looked) {
  ViewWatch watch;
  watch.adopted(view);
  watch.looked(looked);
  return watch;
}

TEST(ViewWatch, LooksForAnyViewWhileItKnowsNone) { EXPECT_TRUE(ViewWatch().wants_look(7, kStart)); }

TEST(ViewWatch, DoesNotLookForTheViewThatItHas) {
  EXPECT_FALSE(watch_of(7, kStart).wants_look(7, kStart + std::chrono::hours(1)));
}

TEST(ViewWatch, FollowsANewViewAtOnceButNotForEveryReply) {
  const ViewWatch watch = watch_of(7, kStart);
  EXPECT_FALSE(watch.wants_look(8, kStart + kLookPause / 2));
  EXPECT_TRUE(watch.wants_look(8, kStart + kLookPause));
}

TEST(ViewWatch, LooksSeldomForAViewThatItHasLeft) {
  ViewWatch watch = watch_of(7, kStart);
  watch.adopted(8);
  EXPECT_FALSE(watch.wants_look(7, kStart + kLookPause));
  EXPECT_TRUE(watch.wants_look(7, kStart + kLeftViewPause));
}

TEST(ViewWatch, ForgetsViewsThatItLeftLongAgo) {
  ViewWatch watch = watch_of(1, kStart);
  for (std::uint64_t view = 2; view <= kViewsRemembered + 2; ++view) watch.adopted(view);
  EXPECT_TRUE(watch.wants_look(1, kStart + kLookPause));
  EXPECT_FALSE(watch.wants_look(2, kStart + kLookPause));
}

}  // namespace
}  // namespace p2p::client
