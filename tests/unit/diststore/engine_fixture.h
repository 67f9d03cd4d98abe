// Any engine, in its first view version, and short words for what a test does with it.
#pragma once

#include "engine/memory/memory_engine.h"
#include "fake_engine.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

using MakeEngine = std::unique_ptr<Engine> (*)();

inline std::unique_ptr<Engine> make_memory_engine() { return std::make_unique<MemoryEngine>(42); }
inline std::unique_ptr<Engine> make_fake_engine() { return std::make_unique<FakeEngine>(); }

class EngineTest : public ::testing::TestWithParam<MakeEngine> {
 protected:
  static constexpr OwnershipProof kProof{1, kNeverConfirmed};

  EngineTest() { engine.fence(1); }

  // The version that was stored; nothing when the outcome was another.
  std::optional<Version> write(std::string_view key, std::string_view value, Stamp stamp,
                               OwnershipProof right = kProof) {
    Change change = Change::write(key, value, right, {stamp, 1});
    if (engine.apply_one(change).value() != Outcome::done) return std::nullopt;
    return change.version;
  }
  std::optional<Version> erase(std::string_view key, Stamp stamp, OwnershipProof right = kProof) {
    Change change = Change::erase(key, right, {stamp, 1});
    if (engine.apply_one(change).value() != Outcome::done) return std::nullopt;
    return change.version;
  }
  Outcome merge(std::string_view key, StoredEntry item, ViewVersion view_version = 1, bool is_confirmed = false) {
    Change change = Change::merge(key, item, view_version, is_confirmed);
    const Outcome outcome = engine.apply_one(change).value();
    digest = change.digest;
    return outcome;
  }
  Outcome merge(std::string_view key, std::string value, Version version, ViewVersion view_version = 1,
                bool is_confirmed = false) {
    return merge(key, StoredEntry{std::move(value), version, false, kNeverConfirmed}, view_version, is_confirmed);
  }
  Outcome merge_erased(std::string_view key, Version version) {
    return merge(key, StoredEntry{"", version, true, kNeverConfirmed});
  }
  Outcome confirm(std::string_view key, ViewVersion view_version) {
    return engine.apply_one(Change::confirm(key, view_version)).value();
  }
  Outcome remove(std::string_view key, Version version) {
    return engine.apply_one(Change::remove(key, version)).value();
  }
  Outcome read(std::string_view key, OwnershipProof right = kProof) {
    return engine.get(key, right, [](std::string_view, Version, WallMs) {}).value();
  }
  std::string value_of(std::string_view key, OwnershipProof right = kProof) {
    std::string value = "(missing)";
    (void)engine.get(key, right, [&](std::string_view stored, Version, WallMs) { value = stored; }).value();
    return value;
  }
  std::optional<StoredEntry> copy(std::string_view key) { return engine.copy(key).value(); }
  std::vector<StoredKey> scan(std::size_t keys_per_step, PartitionRange range = kAllPartitions) {
    std::vector<StoredKey> met;
    for (ScanPosition position; !position.at_end;) scan_step(position, keys_per_step, met, range);
    return met;
  }
  void scan_step(ScanPosition& position, std::size_t entries_max, std::vector<StoredKey>& met,
                 PartitionRange range = kAllPartitions) {
    const auto take = [&](const EntryView& entry) { return met.push_back(entry.copy()), true; };
    ASSERT_TRUE(engine.scan(range, position, entries_max, take).ok());
  }
  std::multiset<std::string> scan_all(std::size_t keys_per_step, PartitionRange range = kAllPartitions) {
    std::multiset<std::string> met;
    for (const StoredKey& key : scan(keys_per_step, range)) met.insert(key.key);
    return met;
  }
  // A write and an erase of "a" end so, and leave what the caller gave for another try.
  void expect_refused(OwnershipProof right, Outcome outcome) {
    std::string value(100'000, 'x');
    Change change = Change::write("a", value, right, {77, 7});
    change.owned = &value;
    EXPECT_EQ(engine.apply_one(change).value(), outcome);
    EXPECT_EQ(change.version, (Version{77, 7}));
    EXPECT_EQ(value, std::string(100'000, 'x'));
    change = Change::erase("a", right, {77, 7});
    EXPECT_EQ(engine.apply_one(change).value(), outcome);
    EXPECT_EQ(change.version, (Version{77, 7}));
  }
  void expect_totals(std::uint64_t keys, std::uint64_t tombstones, std::uint64_t bytes) {
    const EngineTotals totals = engine.totals();
    EXPECT_EQ(totals.keys, keys);
    EXPECT_EQ(totals.tombstones, tombstones);
    EXPECT_EQ(totals.bytes, bytes);
  }

  const std::unique_ptr<Engine> made = GetParam()();
  Engine& engine = *made;
  std::uint64_t digest = 0;  // what the last merge answered
};

}  // namespace p2p::diststore
