// What does every engine promise? Asked of each. What counts, and for whom, is in engine_eras_test.cc; partitions are
// in engine_partitions_test.cc.
#include "engine_fixture.h"

#include <set>
#include <thread>

namespace p2p::diststore {
namespace {

TEST_P(EngineTest, AValueIsReadWithItsVersion) {
  EXPECT_EQ(write("a", "apple", 5), (Version{5, 1}));
  int uses = 0;
  const auto use = [&](std::string_view value, Version version, WallMs) {
    ++uses;
    EXPECT_EQ(value, "apple");
    EXPECT_EQ(version, (Version{5, 1}));
  };
  EXPECT_EQ(engine.get("a", kProof, use).value(), Outcome::done);
  EXPECT_EQ(engine.get("b", kProof, use).value(), Outcome::missing);
  EXPECT_EQ(uses, 1);
}

TEST_P(EngineTest, AMissingKeyIsNotAnEmptyValue) {
  write("empty", "", 1);
  EXPECT_EQ(value_of("empty"), "");
  EXPECT_EQ(value_of("missing"), "(missing)");
}

TEST_P(EngineTest, KeysAndValuesMayHoldAnyBytes) {
  const std::string key("\0\xff\n", 3);
  write(key, std::string(100'000, '\0'), 1);
  EXPECT_EQ(value_of(key).size(), 100'000u);
}

TEST_P(EngineTest, AWriteWinsOverWhatIsStoredWhateverItsStamp) {
  write("a", "from the future", 100);
  EXPECT_EQ(write("a", "now", 50), (Version{101, 1}));
  EXPECT_EQ(write("a", "at the same moment", 101), (Version{102, 1}));
  EXPECT_EQ(write("a", "later", 200), (Version{200, 1}));
  EXPECT_EQ(copy("a")->version, (Version{200, 1}));
  EXPECT_EQ(value_of("a"), "later");
}

TEST_P(EngineTest, ErasingTellsWhetherThereWasAValueAndLeavesATombstone) {
  write("a", "apple", 5);
  EXPECT_EQ(erase("a", 9), (Version{9, 1}));
  EXPECT_EQ(value_of("a"), "(missing)");
  const auto left = copy("a");
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->is_erased);
  EXPECT_EQ(left->value, "");
  EXPECT_EQ(left->version, (Version{9, 1}));
  EXPECT_EQ(erase("a", 20), std::nullopt);
  EXPECT_EQ(copy("a")->version, (Version{9, 1})) << "an erase that finds nothing changes nothing";
}

TEST_P(EngineTest, AnEraseWinsOverWhatIsStoredWhateverItsStamp) {
  write("a", "from the future", 100);
  EXPECT_EQ(erase("a", 50), (Version{101, 1}));
  EXPECT_EQ(copy("a")->version, (Version{101, 1}));
}

TEST_P(EngineTest, ErasingWhatIsNotThereLeavesNothingBehind) {
  EXPECT_EQ(erase("a", 5), std::nullopt);
  EXPECT_FALSE(copy("a"));
  EXPECT_EQ(engine.totals().tombstones, 0u);
}

TEST_P(EngineTest, AWriteAfterAnEraseGetsAVersionAboveIt) {
  write("a", "apple", 5);
  erase("a", 100);
  EXPECT_EQ(write("a", "apricot", 50), (Version{101, 1}));
  EXPECT_EQ(value_of("a"), "apricot");
}

TEST_P(EngineTest, WhatIsSetIsStoredWithExactlyItsVersion) {
  write("a", "apple", 100);
  EXPECT_EQ(engine.apply_one(Change::set("a", "older, shorter", {7, 3})).value(), Outcome::done);
  EXPECT_EQ(copy("a")->version, (Version{7, 3}));
  EXPECT_EQ(value_of("a", {1, kNeverConfirmed}), "older, shorter");
  EXPECT_EQ(engine.apply_one(Change::set("a", "equally   long", {7, 4})).value(), Outcome::done);
  EXPECT_EQ(copy("a")->version, (Version{7, 4}));
  EXPECT_EQ(engine.apply_one(Change::set_erased("a", {6, 1})).value(), Outcome::done);
  EXPECT_TRUE(copy("a")->is_erased);
  expect_totals(0, 1, 1);
}

TEST_P(EngineTest, AValueKeepsItsExpiryUntilItIsSetAnew) {
  WallMs read = 1;
  const auto expires_at = [&] {
    engine.get("a", kProof, [&](std::string_view, Version, WallMs when) { read = when; }).value();
    EXPECT_EQ(copy("a")->expires_at, read);
    ScanPosition position;
    const auto shown = [&](const EntryView& entry) {
      EXPECT_EQ(entry.expires_at, read);
      return true;
    };
    EXPECT_TRUE(engine.scan(kAllPartitions, position, 10, shown).ok());
    return read;
  };
  const std::string large(100'000, 'x');
  const auto shared = std::make_shared<const std::string>(large);
  for (const WallMs when : {WallMs{1'800'000'000'123}, kExpiryMax, WallMs{1}, kNoExpiry}) {
    for (const std::string_view value : {std::string_view("apple"), std::string_view(large)}) {
      engine.apply_one(Change::set("a", value, {7, 3}, when)).value();
      EXPECT_EQ(expires_at(), when);
    }
    Change change = Change::set("a", *shared, {7, 4}, when);
    change.shared = &shared;
    engine.apply_one(change).value();
    EXPECT_EQ(expires_at(), when);
  }
  engine.apply_one(Change::set("a", "apple", {7, 5}, 5)).value();
  engine.apply_one(Change::set("a", "grape", {7, 6})).value();
  EXPECT_EQ(expires_at(), kNoExpiry) << "of equal length, in place";
  EXPECT_EQ(value_of("a"), "grape");
}

TEST_P(EngineTest, WhatIsDiscardedLeavesNoTrace) {
  engine.apply_one(Change::set("a", "apple", {7, 3})).value();
  EXPECT_EQ(engine.apply_one(Change::discard("a")).value(), Outcome::done);
  EXPECT_FALSE(copy("a"));
  EXPECT_EQ(engine.apply_one(Change::discard("a")).value(), Outcome::missing);
  expect_totals(0, 0, 0);
}

TEST_P(EngineTest, ALargeValueThatIsSharedIsSet) {
  const auto value = std::make_shared<const std::string>(100'000, 'x');
  Change change = Change::set("a", *value, {7, 3});
  change.shared = &value;
  EXPECT_EQ(engine.apply_one(change).value(), Outcome::done);
  EXPECT_EQ(value_of("a"), *value) << "which its other holders still have";
  EXPECT_EQ(engine.apply_one(Change::set("a", *value, {7, 4})).value(), Outcome::done) << "or a copy of it";
  expect_totals(1, 0, 100'001);
}

TEST_P(EngineTest, MemoryIsAtLeastWhatIsStoredAndIsGivenBack) {
  const std::uint64_t before = engine.memory_bytes();
  std::uint64_t stored = 0;
  for (int number = 0; number < 1'000; ++number) {
    const std::string key = "key " + std::to_string(number);
    const std::string value(static_cast<std::size_t>(number) * 50, 'x');
    write(key, value, 1);
    stored += key.size() + value.size();
    EXPECT_GE(engine.memory_bytes(), before + stored);
  }
  const std::uint64_t full = engine.memory_bytes();
  write("key 999", "small", 2);
  EXPECT_LE(engine.memory_bytes(), full - 49'000);
  for (int number = 0; number < 1'000; ++number)
    engine.apply_one(Change::discard("key " + std::to_string(number))).value();
  EXPECT_LE(engine.memory_bytes(), 2 * before + 20'000);
}

TEST_P(EngineTest, TotalsFollowEveryChange) {
  write("key", "12345", 1);
  expect_totals(1, 0, 8);
  write("key", "1", 2);
  expect_totals(1, 0, 4);
  merge("other", "22", {1, 1});
  expect_totals(2, 0, 11);
  merge("other", "333", {2, 1});
  expect_totals(2, 0, 12);
  merge("other", "older", {1, 1});
  expect_totals(2, 0, 12);
  erase("key", 3);
  expect_totals(1, 1, 11);
  merge_erased("other", {3, 1});
  expect_totals(0, 2, 8);
  write("key", "back", 4);
  expect_totals(1, 1, 12);
  confirm("new", 1);
  expect_totals(1, 2, 15);
  EXPECT_EQ(remove("other", {3, 1}), Outcome::done);
  EXPECT_EQ(remove("new", {}), Outcome::done);
  expect_totals(1, 0, 7);
  EXPECT_EQ(remove("key", {4, 1}), Outcome::done);
  expect_totals(0, 0, 0);
}

TEST_P(EngineTest, AKeyIsRemovedOnlyIfUnchanged) {
  write("a", "sent", 1);
  write("a", "written since", 2);
  EXPECT_EQ(remove("a", {1, 1}), Outcome::kept);
  EXPECT_EQ(remove("a", {2, 2}), Outcome::kept) << "of another node at the same moment";
  EXPECT_EQ(value_of("a"), "written since");
  EXPECT_EQ(remove("a", {2, 1}), Outcome::done);
  EXPECT_FALSE(copy("a")) << "no tombstone: it lies elsewhere now";
  EXPECT_EQ(remove("a", {2, 1}), Outcome::missing);
}

TEST_P(EngineTest, AnErasedKeyIsRemovedLikeAnyOther) {
  write("a", "apple", 1);
  erase("a", 2);
  EXPECT_EQ(remove("a", {1, 1}), Outcome::kept);
  EXPECT_EQ(remove("a", {2, 1}), Outcome::done);
  EXPECT_FALSE(copy("a"));
}

TEST_P(EngineTest, AScanTellsWhatEachKeyIs) {
  write("key", "12345", 7);
  write("gone", "12345", 8);
  erase("gone", 9);
  std::map<std::string, StoredKey> met;
  for (StoredKey& key : scan(100)) met[key.key] = key;
  ASSERT_EQ(met.size(), 2u);
  EXPECT_EQ(met["key"].version, (Version{7, 1}));
  EXPECT_EQ(met["key"].confirmed_in, 1u);
  EXPECT_EQ(met["key"].value, "12345");
  EXPECT_EQ(met["key"].bytes, 8u);
  EXPECT_FALSE(met["key"].is_erased);
  EXPECT_EQ(met["gone"].version, (Version{9, 1}));
  EXPECT_EQ(met["gone"].bytes, 4u);
  EXPECT_TRUE(met["gone"].is_erased);
}

TEST_P(EngineTest, AScanVisitsEveryKeyOnceInPortions) {
  for (int i = 0; i < 5'000; ++i) write("key" + std::to_string(i), "value", 1);
  const auto met = scan_all(100);
  EXPECT_EQ(met.size(), 5'000u);
  EXPECT_EQ(std::set<std::string>(met.begin(), met.end()).size(), 5'000u);
}

TEST_P(EngineTest, AScanComesInPortionsOfAboutTheSizeAskedFor) {
  for (int i = 0; i < 5'000; ++i) write("key" + std::to_string(i), "value", 1);
  std::vector<StoredKey> stored(3);
  ScanPosition position;
  scan_step(position, 100, stored);
  EXPECT_FALSE(position.at_end);
  EXPECT_GE(stored.size(), 3u + 50) << "it appends";
  EXPECT_LE(stored.size(), 3u + 120) << "a bucket is not split";
}

TEST_P(EngineTest, AScanEndsSoonWhenItIsTold) {
  for (int i = 0; i < 1'000; ++i) write("key" + std::to_string(i), "value", 1);
  ScanPosition position;
  std::size_t met = 0;
  const auto take_three = [&](const EntryView&) { return ++met % 3 != 0; };
  ASSERT_TRUE(engine.scan(kAllPartitions, position, 1'000, take_three).ok());
  EXPECT_GE(met, 3u);
  EXPECT_LE(met, 20u) << "those that share the bucket of the last one come with it";
  while (!position.at_end) ASSERT_TRUE(engine.scan(kAllPartitions, position, 1'000, take_three).ok());
  EXPECT_EQ(met, 1'000u);
}

TEST_P(EngineTest, AScanOfAnEmptyOrEmptiedEngineEnds) {
  EXPECT_TRUE(scan_all(10).empty());
  for (int i = 0; i < 10'000; ++i) write(std::to_string(i), "", 1);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(remove(std::to_string(i), {1, 1}), Outcome::done);
  EXPECT_TRUE(scan_all(10).empty());
}

TEST_P(EngineTest, AScanVisitsWhatStaysWhileOtherKeysComeAndGo) {
  for (int i = 0; i < 2'000; ++i) write("stays" + std::to_string(i), "", 1);
  std::set<std::string> met;
  int round = 0;
  for (ScanPosition position; !position.at_end; ++round) {
    std::vector<StoredKey> stored;
    scan_step(position, 50, stored);
    for (const StoredKey& key : stored) met.insert(key.key);
    // Growth during the first rounds: the shards get more buckets under the scan.
    for (int i = 0; round < 20 && i < 1'000; ++i) write("comes" + std::to_string(round * 1'000 + i), "", 1);
    remove("comes" + std::to_string(round), {1, 1});
  }
  for (int i = 0; i < 2'000; ++i) EXPECT_EQ(met.count("stays" + std::to_string(i)), 1u) << i;
}

TEST_P(EngineTest, ABatchIsAppliedInOrderAndTellsTheOutcomeOfEachChange) {
  Change changes[] = {Change::write("a", "apple", kProof, {5, 1}), Change::write("a", "avocado", kProof, {5, 1}),
                      Change::erase("b", kProof, {6, 1}), Change::write("c", "cherry", {9, kNeverConfirmed}, {7, 1})};
  ASSERT_TRUE(engine.apply(changes).ok());
  EXPECT_EQ(changes[0].outcome, Outcome::done);
  EXPECT_EQ(changes[1].outcome, Outcome::done);
  EXPECT_EQ(changes[1].version, (Version{6, 1}));
  EXPECT_EQ(changes[2].outcome, Outcome::missing);
  EXPECT_EQ(changes[3].outcome, Outcome::fenced);
  EXPECT_EQ(value_of("a"), "avocado");
  EXPECT_EQ(value_of("c"), "(missing)");
}

TEST_P(EngineTest, ThreadsMayWriteReadAndScanAtOnce) {
  std::vector<std::thread> writers;
  for (int thread = 0; thread < 4; ++thread) {
    writers.emplace_back([this, thread] {
      for (int i = 0; i < 2'000; ++i) {
        write(std::to_string(i), std::to_string(thread), static_cast<Stamp>(i));
        value_of(std::to_string(i));
      }
    });
  }
  for (int i = 0; i < 10; ++i) scan_all(64);
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(engine.totals().keys, 2'000u);
  EXPECT_EQ(copy("0")->version.stamp, 3u) << "four writes at the same stamp, each raised above the former";
}

// This one for the tests of all files.
INSTANTIATE_TEST_SUITE_P(Engines, EngineTest, ::testing::Values(make_memory_engine, make_fake_engine),
                         [](const auto& made) { return made.param == make_memory_engine ? "Memory" : "Fake"; });

}  // namespace
}  // namespace p2p::diststore
