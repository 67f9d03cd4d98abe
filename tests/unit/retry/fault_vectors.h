// tests/vectors/faults.json: what every side that decides by lib/retry must come to.
#pragma once

#include "retry/faults.h"

#include <p2p/result.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string>

namespace p2p::retry {

inline const nlohmann::json& fault_vectors() {
  static const nlohmann::json file = [] {
    std::ifstream in(P2P_TEST_VECTORS "/faults.json");
    return nlohmann::json::parse(in);
  }();
  return file;
}

// By its enumerator's name, as the vectors have it.
inline ErrorKind error_kind(const std::string& name) {
  for (const auto& vector : fault_vectors()["transport"]) {
    if (vector["seen"] == name) return static_cast<ErrorKind>(vector["number"].get<int>());
  }
  P2P_ASSERT(false, "the vectors name every ErrorKind");
}

inline const char* text_of(Executed executed) { return executed == Executed::no ? "no" : "maybe"; }
inline const char* text_of(Where where) {
  return where == Where::owner ? "owner" : where == Where::another ? "another" : "nowhere";
}
inline const char* text_of(After after) {
  return after == After::at_once ? "at_once" : after == After::back_off ? "back_off" : "new_view";
}

inline bool has_note(const nlohmann::json& vector, const char* note) {
  return std::ranges::find(vector["notes"], nlohmann::json(note)) != vector["notes"].end();
}

// Every column of the row that the vector has.
inline void expect_row_as_said(const Fault& fault, const nlohmann::json& vector) {
  EXPECT_EQ(text_of(fault.executed), vector["executed"]);
  EXPECT_EQ(text_of(fault.where), vector["where"]);
  EXPECT_EQ(text_of(fault.after), vector["after"]);
  EXPECT_EQ(fault.is_leaving, has_note(vector, "leaving"));
  EXPECT_EQ(fault.is_refusal, has_note(vector, "refusal"));
  EXPECT_EQ(fault.is_dropped, has_note(vector, "dropped"));
  EXPECT_EQ(fault.is_too_much, has_note(vector, "too_much"));
  EXPECT_EQ(fault.kind, error_kind(vector["kind"]));
}

}  // namespace p2p::retry
