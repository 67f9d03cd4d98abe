// tests/vectors/partitions.json, for the tests of lib/placement.
#pragma once

#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

namespace p2p::placement {

inline const nlohmann::json& partition_vectors() {
  static const nlohmann::json file = [] {
    std::ifstream in(P2P_TEST_VECTORS "/partitions.json");
    return nlohmann::json::parse(in);
  }();
  return file;
}

inline std::string bytes_of(const nlohmann::json& hex_text) {
  const std::string hex = hex_text;
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
  return bytes;
}

}  // namespace p2p::placement
