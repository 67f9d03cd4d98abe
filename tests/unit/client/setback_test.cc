#include "rules/setback.h"

#include <gtest/gtest.h>

namespace p2p::client {
namespace {

constexpr std::int32_t kUnknown = 0;  // what generated processors answer when a handler throws
constexpr std::int32_t kUnknownMethod = 1;
constexpr std::int32_t kInternalError = 6;
constexpr std::int32_t kProtocolError = 7;

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
  for (const char* text :
       {"p2p:disabled: diststore", "p2p:unknown: diststore", "p2p:unroutable: clear", "no such method"}) {
    const Setback setback = setback_of_exception(kUnknownMethod, text, "a:1");
    EXPECT_EQ(setback.failure.effect, Effect::none) << text;
    EXPECT_EQ(setback.failure.kind, ErrorKind::not_found) << text;
    EXPECT_FALSE(may_try_again(setback, true)) << text;
  }
}

TEST(Setback, ACallWhoseArgumentsTellNothingWasNotExecutedAndWillNotBe) {
  for (const char* text : {"p2p:no-key: counter:value: field 1 is not in the arguments",
                           "p2p:bad-key: counter:value: field 1 is a double", "the arguments could not be read"}) {
    const Setback setback = setback_of_exception(kProtocolError, text, "a:1");
    EXPECT_EQ(setback.failure.effect, Effect::none) << text;
    EXPECT_EQ(setback.failure.kind, ErrorKind::invalid) << text;
    EXPECT_NE(setback.failure.text.find(text), std::string::npos);
    EXPECT_FALSE(may_try_again(setback, true)) << text;
  }
}

TEST(Setback, ANodeThatIsFullOrFindsNoOwnerHasExecutedNothingAndMaySoon) {
  const Setback full = setback_of_exception(kInternalError, "p2p:overloaded: 10 calls wait already", "a:1");
  const Setback lonely = setback_of_exception(kInternalError, "p2p:not-executed: counter:value: b:1: refused", "a:1");
  EXPECT_EQ(full.failure.kind, ErrorKind::overloaded);
  EXPECT_EQ(lonely.failure.kind, ErrorKind::unreachable);
  for (const Setback& setback : {full, lonely}) {
    EXPECT_EQ(setback.failure.effect, Effect::none) << setback.failure.text;
    EXPECT_FALSE(setback.is_of_leaving) << setback.failure.text;
    EXPECT_TRUE(may_try_again(setback, false)) << setback.failure.text;
  }
}

TEST(Setback, ACallThatANodeHasLostSightOfIsTriedAgainOnlyWhenThatDoesNoHarm) {
  const Setback setback = setback_of_exception(kInternalError, "p2p:unknown-outcome: b:1 did not answer", "a:1");
  EXPECT_EQ(setback.failure.effect, Effect::unknown);
  EXPECT_EQ(setback.failure.kind, ErrorKind::timed_out);
  EXPECT_FALSE(may_try_again(setback, false));
  EXPECT_TRUE(may_try_again(setback, true));
}

TEST(Setback, AnyOtherExceptionLeavesOpenWhatHappenedAndWouldComeAgain) {
  for (const std::int32_t type : {kInternalError, kUnknown, 2, 3, 4, 5, 8, 9, 10, -1, 1'000}) {
    const Setback setback = setback_of_exception(type, "the handler threw", "a:1");
    EXPECT_EQ(setback.failure.effect, Effect::unknown) << type;
    EXPECT_EQ(setback.failure.kind, ErrorKind::internal) << type;
    EXPECT_NE(setback.failure.text.find("a:1"), std::string::npos);
    EXPECT_FALSE(may_try_again(setback, true)) << type;
  }
}

TEST(Setback, ATextThatOnlyLooksLikeOneOfANodeProvesNothing) {
  for (const char* text : {"p2p:draining: x", "p2p:no-key: x", "p2p:bad-key: x", "p2p:unroutable: x",
                           " p2p:overloaded: x", "p2p:overloaded", "p2p:overloaded:x", ""}) {
    EXPECT_EQ(setback_of_exception(kInternalError, text, "a:1").failure.effect, Effect::unknown) << text;
  }
  // A handler that lets the fault of another call pass: it has been executed, up to there.
  for (const char* text : {"p2p:overloaded: x", "p2p:not-executed: x", "p2p:draining: x"}) {
    EXPECT_EQ(setback_of_exception(kUnknown, text, "a:1").failure.effect, Effect::unknown) << text;
  }
}

TEST(Setback, WhatTheStoreSaysItHasNotExecutedIsTriedAgainAndWhatIsTooMuchIsNot) {
  const auto of = [](StoreErrorKind kind) { return setback_of_store_error(static_cast<std::int32_t>(kind), "why"); };
  const Setback not_executed = of(StoreErrorKind::not_executed);
  EXPECT_EQ(not_executed.failure.effect, Effect::none);
  EXPECT_EQ(not_executed.failure.kind, ErrorKind::unreachable);
  EXPECT_EQ(not_executed.failure.text, "why");
  EXPECT_TRUE(may_try_again(not_executed, false));
  for (const auto kind : {StoreErrorKind::too_large, StoreErrorKind::too_many}) {
    EXPECT_EQ(of(kind).failure.effect, Effect::none);
    EXPECT_FALSE(may_try_again(of(kind), true));
  }
}

TEST(Setback, WhatTheStoreDoesNotKnowAndKindsThatAreNotKnownMayHaveBeenExecuted) {
  for (const std::int32_t kind : {static_cast<std::int32_t>(StoreErrorKind::unavailable), 0, 5, -1}) {
    EXPECT_EQ(setback_of_store_error(kind, "why").failure.effect, Effect::unknown) << kind;
    EXPECT_FALSE(may_try_again(setback_of_store_error(kind, "why"), false)) << kind;
    EXPECT_TRUE(may_try_again(setback_of_store_error(kind, "why"), true)) << kind;
  }
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
