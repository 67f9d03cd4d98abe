// The cursor of a scan as bytes: nothing is lost, and nothing else is taken for one.
#include "serving/scan_cursor.h"

#include <gtest/gtest.h>

namespace p2p::diststore {
namespace {

ScanCursor some_cursor() {
  ScanCursor cursor;
  for (Partition partition = 0; partition < kPartitions; partition += 3) cursor.done.set(partition);
  cursor.open = ScanCursor::Open{.partition = 4000, .engine = 0xfedcba9876543210, .place = std::string("a\0b", 3)};
  return cursor;
}

TEST(ScanCursor, ComesBackAsItWas) {
  ScanCursor cursor = some_cursor();
  EXPECT_EQ(ScanCursor::decode(cursor.encode()), cursor);
  cursor.open->place.clear();
  EXPECT_EQ(ScanCursor::decode(cursor.encode()), cursor);
  cursor.open.reset();
  EXPECT_EQ(ScanCursor::decode(cursor.encode()), cursor);
  EXPECT_LT(cursor.encode().size(), 600u);
}

TEST(ScanCursor, IsEmptyAtTheBeginningAndAtTheEnd) {
  EXPECT_EQ(ScanCursor::decode(""), ScanCursor());
  EXPECT_EQ(ScanCursor().encode(), "");
  ScanCursor all;
  all.done.set();
  EXPECT_EQ(all.encode(), "");
}

TEST(ScanCursor, OtherBytesAreNone) {
  const std::string good = some_cursor().encode();
  for (std::size_t size = 1; size < good.size(); ++size) EXPECT_FALSE(ScanCursor::decode(good.substr(0, size))) << size;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_FALSE(ScanCursor::decode(bad)) << at;
  }
  EXPECT_FALSE(ScanCursor::decode(good + "x"));
  EXPECT_FALSE(ScanCursor::decode("0"));
}

TEST(ScanCursor, AnOpenPartitionIsOneThatIsLeft) {
  ScanCursor cursor = some_cursor();
  cursor.open->partition = 3;
  EXPECT_FALSE(ScanCursor::decode(cursor.encode())) << "it is done";
  cursor.open->partition = kPartitions;
  EXPECT_FALSE(ScanCursor::decode(cursor.encode()));
}

}  // namespace
}  // namespace p2p::diststore
