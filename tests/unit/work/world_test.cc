// Does every job run once, and is its effect there once, whatever the order in which news and messages arrive?
#include "world.h"
#include "../../support/rounds.h"

#include <gtest/gtest.h>

namespace work {
namespace {

constexpr std::uint64_t kSeeds = 60 / p2p::kRoundsShare;
constexpr int kSteps = 3'000;

void live(World::Nature nature) {
  for (std::uint64_t seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, nature);
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) world.step();
    ASSERT_TRUE(world.come_to_rest());
    world.check_at_rest();
  }
}

TEST(World, EveryJobRunsOnceAndItsEffectIsThereOnceWhileNodesComeAndGo) { live({}); }
TEST(World, SoItIsWithJobsThatTakeLongerThanAHandOver) { live({.slowness = 50}); }
TEST(World, SoItIsWithNodesThatComeAndGoAllTheTime) { live({.slowness = 20, .restfulness = 3}); }
TEST(World, SoItIsWithARingThatMovesAnyKeyAtAnyChange) { live({.slowness = 20, .is_moody = true}); }
TEST(World, SoItIsWithSuchARingAndNodesThatComeAndGoAllTheTime) {
  live({.slowness = 20, .restfulness = 3, .is_moody = true});
}

}  // namespace
}  // namespace work
