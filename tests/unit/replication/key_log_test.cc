// What does a key log say, and what does it forget (I7)?
#include "replication/key_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace p2p::diststore::replication {
namespace {

constexpr Seq kAll = ~Seq{0};

struct Logs {
  explicit Logs(std::size_t bytes_max) : shared(bytes_max) {}
  void add(Partition partition, Seq seq, std::string_view key) {
    shared.add(partition, of[partition], seq, key, [this](Partition number) { return &of[number]; });
  }
  KeyLogs shared;
  KeyLog of[2];
};

std::vector<std::string> keys_after(const KeyLog& log, Seq after, Seq until = kAll) {
  std::vector<std::string> keys;
  KeyLog::Cursor at{.after = after, .until = until};
  while (!at.at_end)
    if (!log.read(at, 3, [&](std::string_view key) { keys.emplace_back(key); })) return {"too short"};
  return keys;
}

TEST(KeyLog, TellsTheKeysOfLaterWrites) {
  Logs logs(1 << 20);
  for (Seq seq = 1; seq <= 9; ++seq) logs.add(0, seq, "k" + std::to_string(seq));
  EXPECT_EQ(keys_after(logs.of[0], 6), (std::vector<std::string>{"k7", "k8", "k9"}));
  EXPECT_EQ(keys_after(logs.of[0], 6, 8), (std::vector<std::string>{"k7", "k8"}));
  EXPECT_EQ(keys_after(logs.of[0], 9), std::vector<std::string>{});
  EXPECT_EQ(keys_after(logs.of[0], 0).size(), 9U);
}

TEST(KeyLog, ForgetsTheOldestOverAllPartitions) {
  Logs logs(3 * KeyLog::kChunkBytes);
  const std::string key(500, 'k');
  for (Seq seq = 1; seq <= 10; ++seq) logs.add(0, seq, key);
  EXPECT_EQ(logs.of[0].floor(), 0U);
  for (Seq seq = 1; seq <= 30; ++seq) logs.add(1, seq, key);
  EXPECT_GT(logs.of[0].floor(), 0U);
  EXPECT_LE(logs.shared.bytes(), 3 * KeyLog::kChunkBytes);
  EXPECT_EQ(keys_after(logs.of[0], 0), std::vector<std::string>{"too short"});
  EXPECT_EQ(keys_after(logs.of[1], 29).size(), 1U);
}

TEST(KeyLog, AReaderNoticesThatItWasOvertaken) {
  Logs logs(2 * KeyLog::kChunkBytes);
  const std::string key(500, 'k');
  for (Seq seq = 1; seq <= 8; ++seq) logs.add(0, seq, key);
  KeyLog::Cursor at{.after = 0, .until = kAll};
  ASSERT_TRUE(logs.of[0].read(at, 1, [](std::string_view) {}));
  for (Seq seq = 9; seq <= 40; ++seq) logs.add(0, seq, key);
  EXPECT_FALSE(logs.of[0].read(at, 1, [](std::string_view) {}));
}

TEST(KeyLog, SeqsMayBeFarApartAndUsedAgain) {
  Logs logs(1 << 20);
  logs.add(0, 5, "a");
  logs.add(0, Seq{1} << 40, "b");
  logs.add(0, (Seq{1} << 40) + 1, "c");
  logs.add(0, 6, "d");
  EXPECT_EQ(keys_after(logs.of[0], 5), (std::vector<std::string>{"b", "c", "d"}));
  EXPECT_EQ(keys_after(logs.of[0], 5, 6), std::vector<std::string>{"d"});
}

TEST(KeyLog, WhatIsSkippedIsNotToldAsIfNothingHadBeenWritten) {
  Logs logs(1 << 20);
  logs.of[0].skip(7);
  logs.add(0, 8, "b");
  EXPECT_EQ(keys_after(logs.of[0], 6), std::vector<std::string>{"too short"});
  EXPECT_EQ(keys_after(logs.of[0], 7), std::vector<std::string>{"b"});
}

TEST(KeyLog, BeginsAgain) {
  Logs logs(1 << 20);
  logs.add(0, 1, "a");
  logs.shared.begin(0, logs.of[0], 7);
  EXPECT_EQ(logs.shared.bytes(), 0U);
  logs.add(0, 8, "b");
  EXPECT_EQ(keys_after(logs.of[0], 7), std::vector<std::string>{"b"});
  EXPECT_EQ(keys_after(logs.of[0], 6), std::vector<std::string>{"too short"});
}

}  // namespace
}  // namespace p2p::diststore::replication
