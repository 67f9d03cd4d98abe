#include "runtime/step_watch.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

constexpr Duration kNone = std::chrono::seconds(0);
constexpr Duration kADay = std::chrono::hours(24);

TEST(StepWatch, KnowsTheInnermostStepUntilItEnds) {
  StepWatch steps(kADay);
  EXPECT_FALSE(steps.current());
  {
    const auto outer = steps.enter("work", "stop()");
    EXPECT_EQ(to_text(*steps.current()), "stop() of service work");
    {
      const auto inner = steps.enter("work", "the end of its threads");
      EXPECT_EQ(to_text(*steps.current()), "the end of its threads of service work");
    }
    EXPECT_EQ(to_text(*steps.current()), "stop() of service work");
  }
  EXPECT_FALSE(steps.current());
}

TEST(StepWatch, OnlyAStepBeyondThePatienceHangs) {
  StepWatch steps(kADay);
  const auto in = steps.enter("work", "start()");
  EXPECT_FALSE(steps.hanging());
  steps.set_patience(kNone);
  ASSERT_TRUE(steps.hanging());
  EXPECT_EQ(hang_text(*steps.hanging()).rfind("start() of service work has not returned for ", 0), 0u);
}

TEST(StepWatch, BetweenStepsNothingHangs) {
  StepWatch steps(kNone);
  { const auto in = steps.enter("work", "start()"); }
  EXPECT_FALSE(steps.hanging());
}

}  // namespace
}  // namespace p2p::host
