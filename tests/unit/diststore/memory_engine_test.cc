#include "memory_engine_fixture.h"

#include <set>
#include <thread>

namespace p2p::diststore {
namespace {

TEST_F(MemoryEngineTest, AValueIsReadWithItsVersion) {
  EXPECT_EQ(write("a", "apple", 5), (Version{5, 1}));
  std::string value;
  Version version;
  EXPECT_EQ(engine.read("a", kRight, value, version), Outcome::done);
  EXPECT_EQ(value, "apple");
  EXPECT_EQ(version, (Version{5, 1}));
}

TEST_F(MemoryEngineTest, AMissingKeyIsNotAnEmptyValue) {
  write("empty", "", 1);
  EXPECT_EQ(value_of("empty"), "");
  EXPECT_EQ(value_of("missing"), "(missing)");
}

TEST_F(MemoryEngineTest, KeysAndValuesMayHoldAnyBytes) {
  const std::string key("\0\xff\n", 3);
  write(key, std::string(100'000, '\0'), 1);
  EXPECT_EQ(value_of(key).size(), 100'000u);
}

TEST_F(MemoryEngineTest, AWriteWinsOverWhatIsHeldWhateverItsStamp) {
  write("a", "from the future", 100);
  EXPECT_EQ(write("a", "now", 50), (Version{101, 1}));
  EXPECT_EQ(write("a", "at the same moment", 101), (Version{102, 1}));
  EXPECT_EQ(write("a", "later", 200), (Version{200, 1}));
  EXPECT_EQ(engine.copy("a")->version, (Version{200, 1}));
  EXPECT_EQ(value_of("a"), "later");
}

TEST_F(MemoryEngineTest, ErasingTellsWhetherThereWasAValueAndLeavesATombstone) {
  write("a", "apple", 5);
  EXPECT_EQ(erase("a", 9), (Version{9, 1}));
  EXPECT_EQ(value_of("a"), "(missing)");
  const auto left = engine.copy("a");
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->is_erased);
  EXPECT_EQ(left->value, "");
  EXPECT_EQ(left->version, (Version{9, 1}));
  EXPECT_EQ(erase("a", 20), std::nullopt);
  EXPECT_EQ(engine.copy("a")->version, (Version{9, 1})) << "an erase that finds nothing changes nothing";
}

TEST_F(MemoryEngineTest, AnEraseWinsOverWhatIsHeldWhateverItsStamp) {
  write("a", "from the future", 100);
  EXPECT_EQ(erase("a", 50), (Version{101, 1}));
  EXPECT_EQ(engine.copy("a")->version, (Version{101, 1}));
}

TEST_F(MemoryEngineTest, ErasingWhatIsNotThereLeavesNothingBehind) {
  EXPECT_EQ(erase("a", 5), std::nullopt);
  EXPECT_FALSE(engine.copy("a"));
  EXPECT_EQ(engine.totals().tombstones, 0u);
}

TEST_F(MemoryEngineTest, AWriteAfterAnEraseGetsAVersionAboveIt) {
  write("a", "apple", 5);
  erase("a", 100);
  EXPECT_EQ(write("a", "apricot", 50), (Version{101, 1}));
  EXPECT_EQ(value_of("a"), "apricot");
}

TEST_F(MemoryEngineTest, TotalsFollowEveryChange) {
  const auto expect = [this](std::uint64_t keys, std::uint64_t tombstones, std::uint64_t bytes) {
    const EngineTotals totals = engine.totals();
    EXPECT_EQ(totals.keys, keys);
    EXPECT_EQ(totals.tombstones, tombstones);
    EXPECT_EQ(totals.bytes, bytes);
  };
  write("key", "12345", 1);
  expect(1, 0, 8);
  write("key", "1", 2);
  expect(1, 0, 4);
  merge("other", "22", {1, 1});
  expect(2, 0, 11);
  merge("other", "333", {2, 1});
  expect(2, 0, 12);
  merge("other", "older", {1, 1});
  expect(2, 0, 12);
  erase("key", 3);
  expect(1, 1, 11);
  merge_erased("other", {3, 1});
  expect(0, 2, 8);
  write("key", "back", 4);
  expect(1, 1, 12);
  engine.settle("new", 1);
  expect(1, 2, 15);
  EXPECT_TRUE(engine.remove_unchanged("other", {3, 1}));
  EXPECT_TRUE(engine.remove_unchanged("new", {}));
  expect(1, 0, 7);
  EXPECT_TRUE(engine.remove_unchanged("key", {4, 1}));
  expect(0, 0, 0);
}

TEST_F(MemoryEngineTest, AKeyIsRemovedOnlyIfUnchanged) {
  write("a", "sent", 1);
  write("a", "written since", 2);
  EXPECT_FALSE(engine.remove_unchanged("a", {1, 1}));
  EXPECT_FALSE(engine.remove_unchanged("a", {2, 2})) << "of another node at the same moment";
  EXPECT_EQ(value_of("a"), "written since");
  EXPECT_TRUE(engine.remove_unchanged("a", {2, 1}));
  EXPECT_FALSE(engine.copy("a")) << "no tombstone: it lies elsewhere now";
  EXPECT_FALSE(engine.remove_unchanged("a", {2, 1}));
}

TEST_F(MemoryEngineTest, AnErasedKeyIsRemovedLikeAnyOther) {
  write("a", "apple", 1);
  erase("a", 2);
  EXPECT_FALSE(engine.remove_unchanged("a", {1, 1}));
  EXPECT_TRUE(engine.remove_unchanged("a", {2, 1}));
  EXPECT_FALSE(engine.copy("a"));
}

TEST_F(MemoryEngineTest, AScanTellsWhatEachKeyIs) {
  write("key", "12345", 7);
  write("gone", "12345", 8);
  erase("gone", 9);
  std::map<std::string, HeldKey> met;
  for (HeldKey& key : scan(100)) met[key.key] = key;
  ASSERT_EQ(met.size(), 2u);
  EXPECT_EQ(met["key"].version, (Version{7, 1}));
  EXPECT_EQ(met["key"].settled_in, 1u);
  EXPECT_EQ(met["key"].value, "") << "values are left where they are";
  EXPECT_EQ(met["key"].bytes, 8u);
  EXPECT_FALSE(met["key"].is_erased);
  EXPECT_EQ(met["gone"].version, (Version{9, 1}));
  EXPECT_EQ(met["gone"].bytes, 4u);
  EXPECT_TRUE(met["gone"].is_erased);
}

TEST_F(MemoryEngineTest, AScanMeetsEveryKeyOnceInPortions) {
  for (int i = 0; i < 5'000; ++i) write("key" + std::to_string(i), "value", 1);
  const auto met = scan_all(100);
  EXPECT_EQ(met.size(), 5'000u);
  EXPECT_EQ(std::set<std::string>(met.begin(), met.end()).size(), 5'000u);
}

TEST_F(MemoryEngineTest, AScanComesInPortionsOfAboutTheSizeAskedFor) {
  for (int i = 0; i < 5'000; ++i) write("key" + std::to_string(i), "value", 1);
  std::vector<HeldKey> held(3);
  ScanPosition position;
  engine.scan(position, 100, held);
  EXPECT_FALSE(position.at_end);
  EXPECT_GE(held.size(), 3u + 50) << "it appends";
  EXPECT_LE(held.size(), 3u + 120) << "a bucket is not split";
}

TEST_F(MemoryEngineTest, AScanForValuesEndsWithTheOneThatExceedsItsBytes) {
  for (int i = 0; i < 100; ++i) write("key" + std::to_string(i), std::string(1'000, 'x'), 7);
  std::vector<HeldKey> met;
  ScanPosition position;
  engine.scan_values(
      position, {1'000, 2'500}, [](std::string_view) { return true; }, met);
  EXPECT_GE(met.size(), 3u);
  EXPECT_LE(met.size(), 5u) << "those that share the bucket of the last one come with it";
  while (!position.at_end)
    engine.scan_values(
        position, {1'000, 2'500}, [](std::string_view) { return true; }, met);
  EXPECT_EQ(met.size(), 100u);
}

TEST_F(MemoryEngineTest, AScanForValuesBringsThoseOfTheWantedKeys) {
  for (int i = 0; i < 1'000; ++i) write("key" + std::to_string(i), "value" + std::to_string(i), 7);
  write("gone", "12345", 8);
  erase("gone", 9);
  std::vector<HeldKey> met;
  std::size_t seen = 0;
  std::size_t steps = 0;
  for (ScanPosition position; !position.at_end; ++steps) {
    const auto is_wanted = [](std::string_view key) { return key == "key5" || key == "key700" || key == "gone"; };
    const std::size_t before = met.size();
    const std::size_t now = engine.scan_values(position, {50, 1'000'000}, is_wanted, met);
    EXPECT_LE(now, 70u) << "what is not wanted counts too";
    EXPECT_GE(now, met.size() - before);
    seen += now;
  }
  EXPECT_EQ(seen, 1'001u);
  EXPECT_GE(steps, 1'001u / 70);
  std::map<std::string, HeldKey> by_key;
  for (const HeldKey& key : met) by_key[key.key] = key;
  ASSERT_EQ(by_key.size(), 3u);
  EXPECT_EQ(met.size(), 3u);
  EXPECT_EQ(by_key["key5"].value, "value5");
  EXPECT_EQ(by_key["key700"].value, "value700");
  EXPECT_EQ(by_key["key700"].version, (Version{7, 1}));
  EXPECT_EQ(by_key["key700"].bytes, 14u);
  EXPECT_EQ(by_key["key700"].settled_in, 1u);
  EXPECT_TRUE(by_key["gone"].is_erased);
  EXPECT_EQ(by_key["gone"].value, "");
}

TEST_F(MemoryEngineTest, AScanOfAnEmptyOrEmptiedEngineEnds) {
  EXPECT_TRUE(scan_all(10).empty());
  for (int i = 0; i < 10'000; ++i) write(std::to_string(i), "", 1);
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(engine.remove_unchanged(std::to_string(i), {1, 1}));
  EXPECT_TRUE(scan_all(10).empty());
}

TEST_F(MemoryEngineTest, AScanMeetsWhatStaysWhileOtherKeysComeAndGo) {
  for (int i = 0; i < 2'000; ++i) write("stays" + std::to_string(i), "", 1);
  std::set<std::string> met;
  int round = 0;
  for (ScanPosition position; !position.at_end; ++round) {
    std::vector<HeldKey> held;
    engine.scan(position, 50, held);
    for (const HeldKey& key : held) met.insert(key.key);
    // Growth during the first rounds: the shards get more buckets under the scan.
    for (int i = 0; round < 20 && i < 1'000; ++i) write("comes" + std::to_string(round * 1'000 + i), "", 1);
    engine.remove_unchanged("comes" + std::to_string(round), {1, 1});
  }
  for (int i = 0; i < 2'000; ++i) EXPECT_EQ(met.count("stays" + std::to_string(i)), 1u) << i;
}

TEST_F(MemoryEngineTest, ThreadsMayWriteReadAndScanAtOnce) {
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
  EXPECT_EQ(engine.copy("0")->version.stamp, 3u) << "four writes at the same stamp, each raised above the former";
}

}  // namespace
}  // namespace p2p::diststore
