#include "engine/memory_engine.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace p2p::diststore {
namespace {

class MemoryEngineTest : public ::testing::Test {
 protected:
  std::optional<Version> write(std::string key, std::string value, Stamp stamp) {
    return engine.write(key, value, {stamp, 1});
  }
  MergeOutcome merge(std::string key, std::string value, Version version) { return engine.merge(key, value, version); }
  std::string value_of(std::string_view key) {
    std::string value;
    Version version;
    return engine.read(key, value, version) == ReadOutcome::found ? value : "(missing)";
  }
  std::multiset<std::string> scan_all(std::size_t keys_per_step) {
    std::multiset<std::string> met;
    for (ScanPosition position; !position.at_end;) {
      std::vector<HeldKey> held;
      engine.scan(position, keys_per_step, held);
      for (const HeldKey& key : held) met.insert(key.key);
    }
    return met;
  }

  MemoryEngine engine{42};
};

TEST_F(MemoryEngineTest, AValueIsReadWithItsVersion) {
  EXPECT_EQ(write("a", "apple", 5), (Version{5, 1}));
  std::string value;
  Version version;
  EXPECT_EQ(engine.read("a", value, version), ReadOutcome::found);
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
  EXPECT_EQ(value_of("a"), "now");
}

TEST_F(MemoryEngineTest, AnItemFromAnotherNodeIsStoredOnlyIfNewer) {
  write("a", "ours", 10);
  EXPECT_EQ(merge("a", "older", {9, 9}), MergeOutcome::kept);
  EXPECT_EQ(merge("a", "the same", {10, 1}), MergeOutcome::kept);
  EXPECT_EQ(value_of("a"), "ours");
  EXPECT_EQ(merge("a", "newer by the tie-breaker", {10, 2}), MergeOutcome::stored);
  EXPECT_EQ(merge("b", "new here", {1, 1}), MergeOutcome::stored);
  EXPECT_EQ(value_of("a"), "newer by the tie-breaker");
}

TEST_F(MemoryEngineTest, ErasingTellsWhetherThereWasAValue) {
  write("a", "apple", 1);
  EXPECT_EQ(engine.erase("a"), EraseOutcome::erased);
  EXPECT_EQ(engine.erase("a"), EraseOutcome::missing);
  EXPECT_EQ(value_of("a"), "(missing)");
}

TEST_F(MemoryEngineTest, AMovedKeyIsDeletedOnlyIfUnchanged) {
  write("a", "sent", 1);
  write("a", "written since", 2);
  EXPECT_FALSE(engine.erase_unchanged("a", {1, 1}));
  EXPECT_TRUE(engine.erase_unchanged("a", {2, 1}));
  EXPECT_FALSE(engine.erase_unchanged("a", {2, 1}));
}

TEST_F(MemoryEngineTest, TotalsFollowEveryChange) {
  write("key", "12345", 1);
  write("key", "1", 2);
  merge("other", "22", {1, 1});
  EXPECT_EQ(engine.totals().keys, 2u);
  EXPECT_EQ(engine.totals().bytes, 3u + 1 + 5 + 2);
  engine.erase("key");
  engine.erase_unchanged("other", {1, 1});
  EXPECT_EQ(engine.totals().keys, 0u);
  EXPECT_EQ(engine.totals().bytes, 0u);
}

TEST_F(MemoryEngineTest, ASealedEngineAnswersNothingButCanStillBeEmptied) {
  write("a", "apple", 1);
  engine.seal();
  std::string value = "untouched";
  std::string key = "a";
  Version version;
  EXPECT_EQ(engine.read("a", value, version), ReadOutcome::sealed);
  EXPECT_FALSE(engine.write(key, value, {2, 1}).has_value());
  EXPECT_EQ(value, "untouched") << "a refused write keeps its value for another try";
  EXPECT_EQ(engine.erase("a"), EraseOutcome::sealed);
  EXPECT_EQ(merge("a", "x", {9, 9}), MergeOutcome::sealed);
  EXPECT_EQ(scan_all(10).count("a"), 1u);
  EXPECT_TRUE(engine.copy("a", value, version));
  EXPECT_EQ(value, "apple");
  EXPECT_TRUE(engine.erase_unchanged("a", version));
}

TEST_F(MemoryEngineTest, AScanMeetsEveryKeyOnceInPortions) {
  for (int i = 0; i < 5'000; ++i) write("key" + std::to_string(i), "value", 1);
  const auto met = scan_all(100);
  EXPECT_EQ(met.size(), 5'000u);
  EXPECT_EQ(std::set<std::string>(met.begin(), met.end()).size(), 5'000u);
}

TEST_F(MemoryEngineTest, AScanOfAnEmptyOrEmptiedEngineEnds) {
  EXPECT_TRUE(scan_all(10).empty());
  for (int i = 0; i < 10'000; ++i) write(std::to_string(i), "", 1);
  for (int i = 0; i < 10'000; ++i) engine.erase(std::to_string(i));
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
    engine.erase("comes" + std::to_string(round));
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
}

}  // namespace
}  // namespace p2p::diststore
