// Runs the fuzzer's entry on good cursors, on randomly damaged ones, and on random positions, the same on every run.
#include "scan_cursor_entry.h"

#include "mutilate.h"
#include "serving/scan_cursor.h"

#include <gtest/gtest.h>

#include <cstring>

namespace p2p::fuzz {
namespace {

using diststore::kPartitions;
using diststore::Partition;
using diststore::ScanCursor;

std::string random_cursor(std::mt19937& random) {
  ScanCursor cursor;
  for (Partition partition = 0; partition < kPartitions; ++partition) cursor.done[partition] = random() % 2 == 0;
  const Partition open = random() % kPartitions;
  cursor.done.reset(open);
  if (random() % 2 == 0) cursor.open = ScanCursor::Open{open, random(), std::string(random() % 40, 'x')};
  return cursor.encode();
}

TEST(ScanCursorFuzz, GoodCursorsAreTaken) {
  std::mt19937 random(1);
  for (int round = 0; round < 2'000 / kRoundsShare; ++round)
    EXPECT_EQ(try_scan_cursor(random_cursor(random)), CursorOutcome::taken);
}

TEST(ScanCursorFuzz, DamagedCursorsAreRefused) {
  std::mt19937 random(2);
  int taken = 0;
  for (int round = 0; round < 20'000 / kRoundsShare; ++round) {
    std::string cursor = random_cursor(random);
    const std::string good = cursor;
    mutilate(cursor, random);
    if (cursor != good && try_scan_cursor(cursor) == CursorOutcome::taken) ++taken;
  }
  EXPECT_EQ(taken, 0) << "a checksum of 32 bits lets one through in four thousand million";
}

TEST(ScanCursorFuzz, AScanFromAnyPositionEnds) {
  std::mt19937 random(3);
  for (int round = 0; round < 50'000 / kRoundsShare; ++round) {
    std::string place(16, '\0');
    for (char& letter : place) letter = static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
    // Half of them within the partition.
    const std::uint64_t first = (std::uint64_t{2'345} << 52) + random();
    if (round % 2 == 0) std::memcpy(place.data(), &first, sizeof first);
    try_scan_cursor(place);
  }
}

}  // namespace
}  // namespace p2p::fuzz
