#include "serving/message_scanner.h"

#include "messages.h"

#include <gtest/gtest.h>

#include <random>

namespace p2p::host {
namespace {

constexpr std::uint64_t kLimit = 1 << 20;

class ScannerOf : public ::testing::TestWithParam<Encoding> {
 protected:
  MessageScanner fresh(std::uint64_t limit = kLimit) {
    MessageScanner scanner;
    scanner.reset(GetParam(), limit);
    return scanner;
  }
};
INSTANTIATE_TEST_SUITE_P(BothEncodings, ScannerOf, ::testing::Values(Encoding::binary, Encoding::compact));

TEST_P(ScannerOf, AWholeMessageEndsWhereThriftEndedIt) {
  const std::string message = rich_call(GetParam(), "service:method", 12345);
  auto scanner = fresh();
  EXPECT_EQ(scanner.scan(message + "the next message"), ScanStatus::whole) << scanner.why();
  EXPECT_EQ(scanner.bytes(), message.size());
}

TEST_P(ScannerOf, AMessageThatComesByteByByteEndsAtItsLastByte) {
  const std::string message = rich_call(GetParam(), "service:method", 12345);
  auto scanner = fresh();
  for (std::size_t length = 0; length < message.size(); ++length) {
    ASSERT_EQ(scanner.scan(std::string_view(message).substr(0, length)), ScanStatus::need_more) << length;
  }
  EXPECT_EQ(scanner.scan(message), ScanStatus::whole);
  EXPECT_EQ(scanner.bytes(), message.size());
}

TEST_P(ScannerOf, AMessageCutAnywhereInTwoEndsTheSame) {
  const std::string message = rich_call(GetParam(), "m", 1);
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    auto scanner = fresh();
    const ScanStatus first = scanner.scan(std::string_view(message).substr(0, cut));
    ASSERT_EQ(first, cut == message.size() ? ScanStatus::whole : ScanStatus::need_more);
    ASSERT_EQ(scanner.scan(message), ScanStatus::whole);
    ASSERT_EQ(scanner.bytes(), message.size());
  }
}

TEST_P(ScannerOf, AMessageOverTheLimitIsMalformedBeforeItHasCome) {
  const std::string message = read_call(GetParam(), "read", std::string(5000, 'k'), 1);
  auto scanner = fresh(1000);
  EXPECT_EQ(scanner.scan(std::string_view(message).substr(0, 60)), ScanStatus::malformed);
  EXPECT_NE(std::string(scanner.why()).find("frame_bytes_max"), std::string::npos);
}

TEST_P(ScannerOf, RandomBytesNeverReadOutsideAndAlwaysEndSomehow) {
  std::mt19937 random(20260501);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = rich_call(GetParam(), "m", 1);
    for (int changes = 0; changes < 4; ++changes) bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % bytes.size() + 1);
    const std::string exact(bytes);  // its own allocation: the sanitizer sees a read past the end
    auto scanner = fresh();
    if (scanner.scan(exact) == ScanStatus::whole) {
      EXPECT_LE(scanner.bytes(), exact.size());
    }
  }
}

TEST_P(ScannerOf, NestingBeyondTheLimitIsMalformed) {
  // field 1 of each struct is a struct
  const std::string level = GetParam() == Encoding::binary ? std::string("\x0c\x00\x01", 3) : std::string("\x1c", 1);
  std::string message = read_call(GetParam(), "m", "", 1);
  message.resize(message.size() - 1);
  for (std::size_t depth = 0; depth < kNestingMax + 1; ++depth) message += level;
  auto scanner = fresh();
  EXPECT_EQ(scanner.scan(message), ScanStatus::malformed);
}

TEST(BinaryScanner, ACountOfFourBillionEmptyThingsIsNoEndlessLoop) {
  std::string message = read_call(Encoding::binary, "m", "", 1);
  message.resize(message.size() - 1);
  message += std::string("\x0f\x00\x05\x0c\xff\xff\xff\xff", 8);  // field 5: a list of 4,294,967,295 structs
  MessageScanner scanner;
  scanner.reset(Encoding::binary, kLimit);
  EXPECT_EQ(scanner.scan(message), ScanStatus::need_more);
  message += std::string(1000, '\0');  // a thousand empty structs
  EXPECT_EQ(scanner.scan(message), ScanStatus::need_more);
}

}  // namespace
}  // namespace p2p::host
