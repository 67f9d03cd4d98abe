// The table of faults, against the golden vectors, and as nodes use it.
#include "retry/faults.h"

#include "fault_vectors.h"
#include "serving/peer_errors.h"

#include <diststore_types.h>
#include <gtest/gtest.h>

namespace p2p::retry {
namespace {

using nlohmann::json;

void expect_as_said(const Fault& fault, const json& vector) {
  expect_row_as_said(fault, vector);
  EXPECT_EQ(may_try_again(fault, Repeat::never), vector["once"]);
  EXPECT_EQ(may_try_again(fault, Repeat::always), vector["repeatable"]);
}

TEST(Faults, ExceptionsOfNodesMeanWhatTheVectorsSay) {
  ASSERT_GT(fault_vectors()["exceptions"].size(), 10U);
  for (const json& vector : fault_vectors()["exceptions"]) {
    SCOPED_TRACE(vector.dump());
    const auto text = vector["text"].get<std::string>();
    const Fault& fault = fault_of_exception(vector["type"], text);
    expect_as_said(fault, vector);
    EXPECT_EQ(is_refusal(static_cast<CallFault>(vector["type"].get<int>()), text), has_note(vector, "refusal"));
  }
}

TEST(Faults, ErrorsOfTheStoreMeanWhatTheVectorsSay) {
  for (const json& vector : fault_vectors()["store_errors"]) {
    SCOPED_TRACE(vector.dump());
    expect_as_said(fault_of_store_error(vector["number"]), vector);
  }
}

TEST(Faults, WhatHappensToMessagesMeansWhatTheVectorsSay) {
  for (const json& vector : fault_vectors()["transport"]) {
    SCOPED_TRACE(vector.dump());
    if (vector["seen"] == "unsent") {
      expect_as_said(fault_of_unsent(), vector);
      continue;
    }
    const auto kind = error_kind(vector["seen"]);
    expect_as_said(fault_of(kind), vector);
    EXPECT_EQ(is_worth_retrying(kind, Repeat::never), vector["once"]);
    EXPECT_EQ(is_worth_retrying(kind, Repeat::if_closed), vector["if_closed"]);
    EXPECT_EQ(is_worth_retrying(kind, Repeat::always), vector["repeatable"]);
    EXPECT_EQ(may_have_run(kind), vector["executed"] == "maybe");
  }
}

TEST(Faults, KindsOfTheStoresErrorsHaveTheNumbersOfItsIdl) {
  namespace wire = ::diststore;
  EXPECT_EQ(static_cast<int>(StoreErrorKind::too_large), static_cast<int>(wire::StoreErrorKind::too_large));
  EXPECT_EQ(static_cast<int>(StoreErrorKind::too_many), static_cast<int>(wire::StoreErrorKind::too_many));
  EXPECT_EQ(static_cast<int>(StoreErrorKind::unavailable), static_cast<int>(wire::StoreErrorKind::unavailable));
  EXPECT_EQ(static_cast<int>(StoreErrorKind::not_executed), static_cast<int>(wire::StoreErrorKind::not_executed));
  EXPECT_EQ(static_cast<int>(StoreErrorKind::condition_failed),
            static_cast<int>(wire::StoreErrorKind::condition_failed));
  EXPECT_EQ(static_cast<int>(StoreErrorKind::unsupported), static_cast<int>(wire::StoreErrorKind::unsupported));
}

// The type of an exception between stores is not known, and no handler throws there.
TEST(Faults, BetweenStoresARefusalIsToldByItsTextAlone) {
  for (const json& vector : fault_vectors()["exceptions"]) {
    if (!has_note(vector, "refusal")) continue;
    const Error refused{ErrorKind::refused, vector["text"]};
    EXPECT_EQ(diststore::error_of_exception(refused).kind, ErrorKind::cancelled) << vector.dump();
  }
  for (const char* text : {"p2p:unroutable: x", "p2p:unknown-outcome: x", "p2p:no-key: x", "it threw", ""}) {
    const Error refused{ErrorKind::refused, text};
    EXPECT_EQ(diststore::error_of_exception(refused).kind, ErrorKind::internal) << text;
  }
}

}  // namespace
}  // namespace p2p::retry
