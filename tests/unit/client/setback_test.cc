#include "rules/setback.h"

#include <gtest/gtest.h>

namespace p2p::client {
namespace {

constexpr std::int32_t kUnknownMethod = 1;
constexpr std::int32_t kInternalError = 6;

Setback setback_with(Effect effect) { return {{effect, ErrorKind::closed, ""}}; }

TEST(Setback, WhatWasSurelyNotExecutedIsTriedAgain) {
  EXPECT_TRUE(may_try_again(setback_with(Effect::none), false));
  EXPECT_TRUE(may_try_again(setback_with(Effect::none), true));
}

TEST(Setback, WhatMayHaveBeenExecutedIsTriedAgainOnlyWhenThatDoesNoHarm) {
  EXPECT_FALSE(may_try_again(setback_with(Effect::unknown), false));
  EXPECT_TRUE(may_try_again(setback_with(Effect::unknown), true));
}

TEST(Setback, WhatLastsIsNotTriedAgain) {
  Setback setback = setback_with(Effect::none);
  setback.is_lasting = true;
  EXPECT_FALSE(may_try_again(setback, true));
}

TEST(Setback, AServiceThatStopsHasNotExecutedTheCallAndAnotherNodeWill) {
  const Setback setback = setback_of_exception(kUnknownMethod, "p2p:draining: diststore", "a:1");
  EXPECT_EQ(setback.failure.effect, Effect::none);
  EXPECT_TRUE(setback.is_of_leaving);
  EXPECT_TRUE(may_try_again(setback, false));
}

TEST(Setback, AServiceThatIsNotThereHasNotExecutedTheCallAndWillNot) {
  for (const char* text : {"p2p:disabled: diststore", "p2p:unknown: diststore", "no such method"}) {
    const Setback setback = setback_of_exception(kUnknownMethod, text, "a:1");
    EXPECT_EQ(setback.failure.effect, Effect::none) << text;
    EXPECT_EQ(setback.failure.kind, ErrorKind::not_found) << text;
    EXPECT_FALSE(may_try_again(setback, true)) << text;
  }
}

TEST(Setback, AnyOtherExceptionLeavesOpenWhatHappened) {
  const Setback setback = setback_of_exception(kInternalError, "no answer within [host] call_timeout", "a:1");
  EXPECT_EQ(setback.failure.effect, Effect::unknown);
  EXPECT_NE(setback.failure.text.find("a:1"), std::string::npos);
  // A text that only looks like a refusal proves nothing.
  EXPECT_EQ(setback_of_exception(kInternalError, "p2p:draining: x", "a:1").failure.effect, Effect::unknown);
}

TEST(Setback, PausesGrowFromNothingToTheirLimit) {
  EXPECT_EQ(pause_before(1), Duration::zero());
  EXPECT_EQ(pause_before(2), Duration::zero());
  EXPECT_EQ(pause_before(3), kRetryPauseFirst);
  EXPECT_EQ(pause_before(4), 2 * kRetryPauseFirst);
  EXPECT_EQ(pause_before(1'000'000), kRetryPauseMax);
}

}  // namespace
}  // namespace p2p::client
