#include "rules/failed_attempt.h"

#include "../retry/fault_vectors.h"

#include <gtest/gtest.h>

namespace p2p::client {
namespace {

using nlohmann::json;
using retry::fault_vectors;

void expect_as_said(const FailedAttempt& failed_attempt, const json& vector) {
  EXPECT_EQ(failed_attempt.failure.effect == Effect::none ? "no" : "maybe", vector["executed"]);
  EXPECT_EQ(may_try_again(failed_attempt, false), vector["once"]);
  EXPECT_EQ(may_try_again(failed_attempt, true), vector["repeatable"]);
  EXPECT_EQ(failed_attempt.failure.kind, retry::error_kind(vector["kind"]));
  retry::expect_row_as_said(failed_attempt.fault, vector);
}

TEST(FailedAttempt, ExceptionsOfNodesMeanWhatTheVectorsSay) {
  ASSERT_GT(fault_vectors()["exceptions"].size(), 10U);
  for (const json& vector : fault_vectors()["exceptions"]) {
    SCOPED_TRACE(vector.dump());
    const auto text = vector["text"].get<std::string>();
    const FailedAttempt failed_attempt = failed_attempt_of_exception(vector["type"], text, "a:1");
    expect_as_said(failed_attempt, vector);
    EXPECT_TRUE(failed_attempt.failure.text.starts_with("a:1 ")) << failed_attempt.failure.text;
    EXPECT_TRUE(failed_attempt.failure.text.ends_with(": " + text)) << failed_attempt.failure.text;
  }
}

TEST(FailedAttempt, ErrorsOfTheStoreMeanWhatTheVectorsSay) {
  for (const json& vector : fault_vectors()["store_errors"]) {
    SCOPED_TRACE(vector.dump());
    const FailedAttempt failed_attempt = failed_attempt_of_store_error(vector["number"], "why");
    expect_as_said(failed_attempt, vector);
    EXPECT_EQ(failed_attempt.failure.text, "why");
  }
}

TEST(FailedAttempt, WhatHappensToMessagesMeansWhatTheVectorsSay) {
  for (const json& vector : fault_vectors()["transport"]) {
    SCOPED_TRACE(vector.dump());
    const bool is_unsent = vector["seen"] == "unsent";
    const auto& fault = is_unsent ? retry::fault_of_unsent() : retry::fault_of(retry::error_kind(vector["seen"]));
    expect_as_said(failed_attempt_of(fault, "why"), vector);
  }
}

TEST(FailedAttempt, TheTextSaysWhoAndWhat) {
  EXPECT_EQ(failed_attempt_of_exception(1, "p2p:draining: diststore", "a:1").failure.text,
            "a:1 is stopping: p2p:draining: diststore");
  EXPECT_EQ(failed_attempt_of_exception(0, "it threw", "a:1").failure.text, "a:1 failed: it threw");
}

TEST(FailedAttempt, PausesGrowFromNothingToTheirLimit) {
  for (const auto after : {retry::After::at_once, retry::After::new_view, retry::After::back_off}) {
    EXPECT_EQ(pause_before(1, after), Duration::zero());
    EXPECT_EQ(pause_before(3, after), kRetryPause.first);
    EXPECT_EQ(pause_before(4, after), 2 * kRetryPause.first);
    EXPECT_EQ(pause_before(1'000'000, after), kRetryPause.max);
  }
  EXPECT_EQ(pause_before(2, retry::After::at_once), Duration::zero());
  EXPECT_EQ(pause_before(2, retry::After::new_view), Duration::zero());
  EXPECT_EQ(pause_before(2, retry::After::back_off), kRetryPause.first);
}

}  // namespace
}  // namespace p2p::client
