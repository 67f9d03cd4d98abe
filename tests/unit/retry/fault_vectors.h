// tests/vectors/faults.json: what every side that decides by lib/retry must come to.
#pragma once

#include <p2p/result.h>

#include <nlohmann/json.hpp>

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

}  // namespace p2p::retry
