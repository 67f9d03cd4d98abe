// An engine in its first era, and short words for what a test does with it.
#pragma once

#include "engine/memory_engine.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

class MemoryEngineTest : public ::testing::Test {
 protected:
  static constexpr Right kRight{1, kNeverSettled};

  MemoryEngineTest() { engine.fence(1); }

  // The version that was stored; nothing when the outcome was another.
  std::optional<Version> write(std::string key, std::string value, Stamp stamp, Right right = kRight) {
    Version version{stamp, 1};
    if (engine.write(key, value, right, version) != Outcome::done) return std::nullopt;
    return version;
  }
  std::optional<Version> erase(std::string_view key, Stamp stamp, Right right = kRight) {
    Version version{stamp, 1};
    if (engine.erase(key, right, version) != Outcome::done) return std::nullopt;
    return version;
  }
  MergeOutcome merge(std::string key, std::string value, Version version, Era era = 1, bool settled = false) {
    Held item{std::move(value), version, false, kNeverSettled};
    return engine.merge(key, item, era, settled, digest);
  }
  MergeOutcome merge_erased(std::string key, Version version) {
    Held item{"", version, true, kNeverSettled};
    return engine.merge(key, item, 1, false, digest);
  }
  Outcome read(std::string_view key, Right right = kRight) {
    std::string value;
    Version version;
    return engine.read(key, right, value, version);
  }
  std::string value_of(std::string_view key, Right right = kRight) {
    std::string value;
    Version version;
    return engine.read(key, right, value, version) == Outcome::done ? value : "(missing)";
  }
  std::vector<HeldKey> scan(std::size_t keys_per_step) {
    std::vector<HeldKey> held;
    for (ScanPosition position; !position.at_end;) engine.scan(position, keys_per_step, held);
    return held;
  }
  std::multiset<std::string> scan_all(std::size_t keys_per_step) {
    std::multiset<std::string> met;
    for (const HeldKey& key : scan(keys_per_step)) met.insert(key.key);
    return met;
  }

  MemoryEngine engine{42};
  std::uint64_t digest = 0;  // what the last merge answered
};

}  // namespace p2p::diststore
