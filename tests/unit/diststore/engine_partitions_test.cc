// Partitions: what is in one, a scan of some, and one that is dropped. And two engines that are told the same do the
// same.
#include "../../support/rounds.h"
#include "engine_fixture.h"

#include <map>
#include <random>
#include <set>

namespace p2p::diststore {
namespace {

constexpr int kManyKeys = 30'000 / kRoundsShare;

// By the reference implementation of XXH3: other nodes rely on it.
TEST(Partition, IsTheUpperBitsOfTheHashOfTheKey) {
  EXPECT_EQ(partition_of(""), 0x2d0u);
  EXPECT_EQ(partition_of("a"), 0xe6cu);
  EXPECT_EQ(partition_of("abc"), 0x78au);
}

class EnginePartitionsTest : public EngineTest {
 protected:
  static std::vector<std::string> keys_in(Partition partition, std::size_t count) {
    std::vector<std::string> keys;
    for (int number = 0; keys.size() < count; ++number) {
      std::string key = "key" + std::to_string(number);
      if (partition_of(key) == partition) keys.push_back(std::move(key));
    }
    return keys;
  }
  void write_keys(int count) {
    for (int number = 0; number < count; ++number) write("other" + std::to_string(number), "value", 1);
  }
};

TEST_P(EnginePartitionsTest, AScanOfOnePartitionShowsItsKeysAndNoOthers) {
  write_keys(20'000);
  std::size_t met = 0;
  for (Partition partition = 0; partition < kPartitions; ++partition) {
    for (const std::string& key : scan_all(7, only(partition))) {
      ++met;
      ASSERT_EQ(partition_of(key), partition) << key;
    }
  }
  EXPECT_EQ(met, 20'000u);
}

TEST_P(EnginePartitionsTest, AScanOfSomePartitionsShowsTheirKeysOnceEach) {
  for (const int keys : {100, kManyKeys}) {
    write_keys(keys);
    for (const PartitionRange range : {PartitionRange{0, 1}, PartitionRange{60, 70}, PartitionRange{100, 3'000},
                                       PartitionRange{4'000, kPartitions - 1}}) {
      std::multiset<std::string> expected;
      for (int number = 0; number < keys; ++number) {
        const std::string key = "other" + std::to_string(number);
        if (range.contains(partition_of(key))) expected.insert(key);
      }
      EXPECT_EQ(scan_all(50, range), expected);
    }
  }
}

TEST_P(EnginePartitionsTest, ADroppedPartitionIsGoneWithoutATraceAndTheOthersStay) {
  constexpr Partition kDropped = 77;
  static const auto keys = keys_in(kDropped, 600);
  for (const int others : {0, 10, kManyKeys}) {
    write_keys(others);
    const EngineTotals before = engine.totals();
    std::size_t others_there = 0;
    for (const std::string& key : scan_all(1'000)) others_there += partition_of(key) != kDropped;
    for (const std::string& key : keys) write(key, "value", 1);
    for (std::size_t at = 0; at < 100; ++at) erase(keys[at], 2);
    ASSERT_TRUE(engine.drop(kDropped).ok());
    EXPECT_TRUE(scan_all(10, only(kDropped)).empty());
    for (const std::string& key : keys) ASSERT_FALSE(copy(key)) << "not even a tombstone";
    const auto left = scan_all(1'000);
    EXPECT_EQ(left.size(), others_there);
    EXPECT_EQ(engine.totals().keys, others_there);
    EXPECT_EQ(engine.totals().tombstones, 0u);
    EXPECT_LE(engine.totals().bytes, before.bytes);
    write(keys[0], "again", 3);
    EXPECT_EQ(value_of(keys[0]), "again");
    EXPECT_EQ(scan_all(10, only(kDropped)).size(), 1u);
    ASSERT_TRUE(engine.drop(kDropped).ok());
  }
}

TEST_P(EnginePartitionsTest, AllCanBeDroppedOneByOne) {
  write_keys(kManyKeys);
  for (Partition partition = 0; partition < kPartitions; ++partition) ASSERT_TRUE(engine.drop(partition).ok());
  expect_totals(0, 0, 0);
  EXPECT_TRUE(scan_all(10).empty());
  write_keys(100);
  EXPECT_EQ(scan_all(10).size(), 100u);
}

TEST_P(EnginePartitionsTest, AScanVisitsWhatStaysWhilePartitionsAreDroppedUnderIt) {
  write_keys(kManyKeys);
  std::set<std::string> met;
  Partition next = 0;
  for (ScanPosition position; !position.at_end;) {
    std::vector<StoredKey> stored;
    scan_step(position, 100, stored);
    for (const StoredKey& key : stored) met.insert(key.key);
    for (int drops = 0; drops < 10; ++drops, next = (next + 2) % kPartitions) ASSERT_TRUE(engine.drop(next).ok());
  }
  for (int number = 0; number < kManyKeys; ++number) {
    const std::string key = "other" + std::to_string(number);
    EXPECT_TRUE(partition_of(key) % 2 == 0 || met.contains(key)) << key;
  }
}

TEST_P(EnginePartitionsTest, ManyKeysOfOnePartitionAreFoundAndScanned) {
  static const auto keys = keys_in(5, 1'000);
  for (const std::string& key : keys) write(key, key, 1);
  for (const std::string& key : keys) ASSERT_EQ(value_of(key), key);
  EXPECT_EQ(scan_all(100, only(5)).size(), keys.size());
  EXPECT_TRUE(scan_all(100, only(6)).empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, EnginePartitionsTest, ::testing::Values(make_memory_engine, make_fake_engine),
                         [](const auto& made) { return made.param == make_memory_engine ? "Memory" : "Fake"; });

// --- two engines -----------------------------------------------------------------------------------------------------

Change random_change(std::mt19937_64& random, const std::string& key, StoredEntry& item) {
  const Version version{random() % 50, random() % 2};
  const OwnershipProof right{1, static_cast<ViewVersion>(random() % 3)};
  item = {std::string(random() % 5, 'v'), version, random() % 4 == 0, kNeverConfirmed};
  if (item.is_erased) item.value.clear();
  switch (random() % 5) {
    case 0:
      return Change::write(key, item.value, right, version);
    case 1:
      return Change::erase(key, right, version);
    case 2:
      return Change::merge(key, item, right.view_version, random() % 2 == 0);
    case 3:
      return Change::confirm(key, static_cast<ViewVersion>(random() % 2));
    default:
      return Change::remove(key, version);
  }
}

std::map<std::string, std::string> contents(const Engine& engine) {
  std::map<std::string, std::string> all;
  const auto take = [&](const EntryView& entry) {
    std::string told(entry.value);
    for (const std::uint64_t number :
         {entry.version.stamp, entry.version.node, std::uint64_t{entry.is_erased}, std::uint64_t{entry.confirmed_in}})
      told += " " + std::to_string(number);
    all[std::string(entry.key)] = std::move(told);
    return true;
  };
  for (ScanPosition position; !position.at_end;) (void)engine.scan(kAllPartitions, position, 100, take).value();
  return all;
}

TEST(Engines, ThatAreToldTheSameHoldTheSame) {
  std::mt19937_64 random(1);
  MemoryEngine one(7);
  FakeEngine other;
  one.fence(1);
  other.fence(1);
  for (int step = 0; step < 20'000; ++step) {
    const std::string key = std::to_string(random() % 100);
    StoredEntry item;
    Change change = random_change(random, key, item);
    Change same = change;
    same.owned = nullptr;
    const Outcome expected = other.apply_one(same).value();
    ASSERT_EQ(one.apply_one(change).value(), expected) << "step " << step;
    ASSERT_EQ(change.version, same.version) << "step " << step;
    ASSERT_EQ(change.digest, same.digest) << "step " << step;
    if (step % 1'000 == 0) {
      ASSERT_EQ(contents(one), contents(other)) << "step " << step;
    }
  }
  EXPECT_EQ(contents(one), contents(other));
  EXPECT_EQ(one.totals().bytes, other.totals().bytes);
}

// --- an engine that fails --------------------------------------------------------------------------------------------

TEST(FailingEngine, ChangesNothingWhereItSaysSo) {
  FakeEngine engine;
  Change change = Change::write("a", "apple", {}, {1, 1});
  engine.fail(FakeEngine::Verb::apply, {ErrorKind::local, "the disk is full"}, 1);
  EXPECT_EQ(engine.apply_one(change).value(), Outcome::done);
  change = Change::write("a", "apricot", {}, {2, 1});
  EXPECT_EQ(engine.apply_one(change).error().text, "the disk is full");
  EXPECT_EQ(engine.copy("a").value()->value, "apple");
}

TEST(FailingEngine, ShowsSomeOfAScanAndGoesOnBehindItWhenItIsMended) {
  FakeEngine engine;
  for (int i = 0; i < 10; ++i) (void)engine.apply_one(Change::write(std::to_string(i), "", {}, {1, 1})).value();
  engine.fail(FakeEngine::Verb::scan, {ErrorKind::local, "a block is unreadable"}, 4);
  std::multiset<std::string> met;
  const auto take = [&](const EntryView& entry) { return met.emplace(entry.key), true; };
  ScanPosition position;
  EXPECT_FALSE(engine.scan(kAllPartitions, position, 100, take).ok());
  EXPECT_EQ(met.size(), 4u);
  EXPECT_FALSE(position.at_end);
  engine.mend();
  EXPECT_TRUE(engine.scan(kAllPartitions, position, 100, take).ok());
  EXPECT_EQ(met.size(), 10u);
  EXPECT_TRUE(position.at_end);
}

}  // namespace
}  // namespace p2p::diststore
