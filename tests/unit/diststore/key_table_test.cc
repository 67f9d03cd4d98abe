// Does the table find what it holds, however it grew, and does a scan meet what stays?
#include "engine/memory/key_table.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <map>
#include <random>
#include <set>
#include <string>

namespace p2p::diststore {
namespace {

std::uint64_t good_hash(std::string_view key, std::uint64_t seed) {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed);
}
std::uint64_t same_hash(std::string_view, std::uint64_t) { return 0xdeadbeefcafe1234; }
// Only the tag differs: splitting parts nothing.
std::uint64_t same_prefix(std::string_view key, std::uint64_t seed) { return good_hash(key, seed) & 0xffff; }

class KeyTableTest : public ::testing::TestWithParam<KeyTable::Hash> {
 protected:
  static EntryOwner entry(const std::string& key, const std::string& value) {
    return Entry::make(key, value, nullptr, {1, 1}, 1, false);
  }
  std::uint64_t hash(const std::string& key) const { return GetParam()(key, kSeed); }
  void put(const std::string& key, const std::string& value) {
    if (const auto place = table.find(hash(key), key)) {
      KeyTable::replace(place, entry(key, value));
    } else {
      table.insert(hash(key), entry(key, value));
    }
  }
  bool drop(const std::string& key) {
    const auto place = table.find(hash(key), key);
    if (place != nullptr) table.erase(hash(key), place);
    return place != nullptr;
  }

  static constexpr std::uint64_t kSeed = 7;
  KeyTable table{GetParam(), kSeed};
};

TEST_P(KeyTableTest, HoldsWhatAMapHoldsAfterAnyChanges) {
  std::mt19937_64 random(1);
  std::map<std::string, std::string> expected;
  const int keys = GetParam() == good_hash ? 20'000 : 1'500;
  for (int step = 0; step < 10 * keys; ++step) {
    const std::string key = "key" + std::to_string(random() % keys);
    // First it grows, later it shrinks.
    if (random() % 10 < (step < 5 * keys ? 7u : 3u)) {
      const std::string value = std::to_string(step);
      put(key, value);
      expected[key] = value;
    } else {
      ASSERT_EQ(drop(key), expected.erase(key) == 1) << key;
    }
  }
  ASSERT_EQ(table.size(), expected.size());
  for (int number = 0; number < keys; ++number) {
    const std::string key = "key" + std::to_string(number);
    const auto place = table.find(hash(key), key);
    ASSERT_EQ(place != nullptr, expected.contains(key)) << key;
    if (place != nullptr) {
      ASSERT_EQ(KeyTable::entry_at(place).value(), expected[key]);
    }
  }
}

TEST_P(KeyTableTest, AScanVisitsEachEntryOnceWhenNothingChanges) {
  for (int number = 0; number < 3'000; ++number) put(std::to_string(number), "");
  std::multiset<std::string> met;
  for (KeyTable::Cursor cursor; !cursor.at_end;) {
    table.scan(cursor, {}, 10, [&](const Entry& entry) { return met.insert(std::string(entry.key())), true; });
  }
  EXPECT_EQ(met.size(), 3'000u);
  EXPECT_EQ(std::set<std::string>(met.begin(), met.end()).size(), 3'000u);
}

TEST_P(KeyTableTest, AScanVisitsWhatStaysWhileOthersComeAndGo) {
  std::mt19937_64 random(2);
  for (int number = 0; number < 500; ++number) put("stays" + std::to_string(number), "");
  std::set<std::string> met;
  for (KeyTable::Cursor cursor; !cursor.at_end;) {
    table.scan(cursor, {}, 5, [&](const Entry& entry) { return met.insert(std::string(entry.key())), true; });
    for (int i = 0; i < 10; ++i) {
      const std::string key = "comes" + std::to_string(random() % 4'000);
      if (random() % 3 == 0) {
        drop(key);
      } else if (met.size() < 400) {
        put(key, "");
      }
    }
  }
  for (int number = 0; number < 500; ++number) EXPECT_TRUE(met.contains("stays" + std::to_string(number))) << number;
}

TEST_P(KeyTableTest, AScanGoesOnWhenTheTableWasEmptiedUnderIt) {
  for (int number = 0; number < 3'000; ++number) put(std::to_string(number), "");
  KeyTable::Cursor cursor;
  std::size_t met = table.scan(cursor, {}, 1'000, [](const Entry&) { return true; });
  EXPECT_GE(met, 1'000u);
  for (int number = 0; number < 3'000; ++number) ASSERT_TRUE(drop(std::to_string(number)));
  EXPECT_EQ(table.size(), 0u);
  while (!cursor.at_end) met += table.scan(cursor, {}, 1'000, [](const Entry&) { return true; });
  put("again", "here");
  EXPECT_NE(table.find(hash("again"), "again"), nullptr);
}

// --- ranges ----------------------------------------------------------------------------------------------------------

// Keys "N:..." lie in the Nth sixteenth. Counts how often it is asked.
std::size_t asked = 0;
std::uint64_t range_hash(std::string_view key, std::uint64_t seed) {
  ++asked;
  const std::uint64_t part = std::stoul(std::string(key));
  return part << (60 - kTableHashShift) | good_hash(key, seed) >> (4 + kTableHashShift);
}
KeyTable::Range range_of(std::uint64_t part) { return {part << 60, part << 60 | ~std::uint64_t{0} >> 4}; }

class KeyTableRangeTest : public ::testing::Test {
 protected:
  void fill(std::uint64_t part, int entries) {
    for (int number = 0; number < entries; ++number) {
      const std::string key = std::to_string(part) + ":" + std::to_string(number);
      table.insert(range_hash(key, 1), Entry::make(key, "", nullptr, {1, 1}, 1, false));
    }
  }
  std::set<std::string> scan(std::uint64_t part, std::size_t entries_max = 10) {
    std::set<std::string> met;
    const auto take = [&](const Entry& entry) { return met.insert(std::string(entry.key())), true; };
    for (KeyTable::Cursor cursor; !cursor.at_end;) table.scan(cursor, range_of(part), entries_max, take);
    return met;
  }
  int drop(std::uint64_t part) {
    int gone = 0;
    for (KeyTable::Range left = range_of(part); !table.drop_some(left, [&](const Entry&) { ++gone; });) {
    }
    table.join(range_of(part));
    return gone;
  }

  KeyTable table{range_hash, 1};
};

TEST_F(KeyTableRangeTest, AScanOfARangeScansAtItsOwnEntriesAndAtOneSegmentsMoreAtMost) {
  for (std::uint64_t part = 0; part < 16; ++part) fill(part, part == 3 ? 20 : 20'000);
  asked = 0;
  EXPECT_EQ(scan(3).size(), 20u);
  EXPECT_LE(asked, 2 * 512u) << "a segment that it shares has no more slots, and is asked of each home once";
  asked = 0;
  EXPECT_EQ(scan(4).size(), 20'000u);
  EXPECT_EQ(asked, 0u) << "it shares no segment with others";
}

TEST_F(KeyTableRangeTest, ARangeIsDroppedWhereverItsEntriesLie) {
  for (const int entries : {1, 20, 5'000}) {
    for (std::uint64_t part = 0; part < 16; ++part) fill(part, entries);
    for (const std::uint64_t part : {0u, 7u, 15u}) {
      EXPECT_EQ(drop(part), entries);
      EXPECT_TRUE(scan(part).empty());
    }
    for (const std::uint64_t part : {1u, 6u, 8u, 14u}) EXPECT_EQ(scan(part).size(), static_cast<std::size_t>(entries));
    EXPECT_EQ(table.size(), 13u * static_cast<std::size_t>(entries));
    for (const std::uint64_t part : {0u, 7u}) {
      fill(part, entries);
      EXPECT_EQ(scan(part).size(), static_cast<std::size_t>(entries)) << "it takes new ones";
    }
    for (std::uint64_t part = 0; part < 16; ++part) drop(part);
    EXPECT_EQ(table.size(), 0u);
  }
}

TEST_F(KeyTableRangeTest, AScanOfARangeGoesOnWhenTheRangeWasDroppedUnderIt) {
  fill(2, 5'000);
  fill(3, 5'000);
  KeyTable::Cursor cursor;
  std::size_t met = table.scan(cursor, range_of(2), 1'000, [](const Entry&) { return true; });
  drop(2);
  fill(2, 100);
  while (!cursor.at_end) met += table.scan(cursor, range_of(2), 1'000, [](const Entry&) { return true; });
  EXPECT_GE(met, 1'000u);
  EXPECT_LE(met, 1'200u);
  EXPECT_EQ(scan(2).size(), 100u);
}

INSTANTIATE_TEST_SUITE_P(Hashes, KeyTableTest, ::testing::Values(good_hash, same_hash, same_prefix),
                         [](const auto& tried) {
                           return tried.param == good_hash ? "Good" : tried.param == same_hash ? "Same" : "SamePrefix";
                         });

// --- entries ---------------------------------------------------------------------------------------------------------

TEST(EntryTest, ALargeValueIsTakenOverAndSharedWithWhoReadsIt) {
  std::string value(kLargeValueBytes, 'x');
  const char* const where = value.data();
  EntryOwner entry = Entry::make("key", value, &value, {1, 2}, 3, false);
  EXPECT_EQ(entry->value().data(), where);
  EXPECT_EQ(entry->key(), "key");
  EXPECT_EQ(entry->bytes_held(), 3 + kLargeValueBytes);
  const auto reader = entry->large();
  EXPECT_FALSE(entry->overwrite(std::string(kLargeValueBytes, 'y')));
  entry.reset();
  EXPECT_EQ(*reader, std::string(kLargeValueBytes, 'x')) << "who reads it keeps it";
}

TEST(EntryTest, AValueIsOverwrittenByOneOfItsSizeOnly) {
  std::string value(kLargeValueBytes - 1, 'x');
  const EntryOwner entry = Entry::make(std::string("k\0y", 3), value, nullptr, {1, 2}, 3, false);
  EXPECT_EQ(value.size(), kLargeValueBytes - 1) << "copied";
  EXPECT_FALSE(entry->overwrite("short"));
  EXPECT_EQ(entry->value(), value);
  value.front() = 'y';
  EXPECT_TRUE(entry->overwrite(value));
  EXPECT_EQ(entry->value(), value);
  EXPECT_EQ(entry->key(), std::string("k\0y", 3));
  const EntryOwner erased = Entry::make("k", {}, nullptr, {1, 2}, 3, true);
  EXPECT_FALSE(erased->overwrite("")) << "an erased key has no value, not an empty one";
}

}  // namespace
}  // namespace p2p::diststore
