#include "serving/message_head.h"

#include "messages.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

class MessageHeadOf : public ::testing::TestWithParam<Encoding> {};
INSTANTIATE_TEST_SUITE_P(BothEncodings, MessageHeadOf, ::testing::Values(Encoding::binary, Encoding::compact));

TEST_P(MessageHeadOf, ACallTellsNameTypeAndSequence) {
  for (const std::int32_t sequence : {0, 1, 127, 128, 70000, 2147483647, -1}) {
    const std::string message = read_call(GetParam(), "diststore:read", "key", sequence);
    const auto head = read_head(message, GetParam());
    ASSERT_TRUE(head.ok()) << head.error().text;
    EXPECT_EQ(head.value().name, "diststore:read");
    EXPECT_EQ(head.value().type, MessageType::call);
    EXPECT_EQ(head.value().sequence, sequence);
  }
}

TEST_P(MessageHeadOf, EveryCutOffHeadIsAnErrorAndReadsNoFurther) {
  const std::string message = read_call(GetParam(), "diststore:read", "key", 99999);
  const std::size_t head_bytes = read_head(message, GetParam()).value().bytes;
  for (std::size_t length = 0; length < head_bytes; ++length) {
    const std::string cut = message.substr(0, length);
    EXPECT_FALSE(read_head(cut, GetParam()).ok()) << length;
  }
}

TEST_P(MessageHeadOf, TakingTheServiceOutLeavesTheMessageAsItsOwnClientWouldWriteIt) {
  for (const std::int32_t sequence : {0, 5, 300, 2147483647, -1}) {
    for (const std::string& service : {std::string("s"), std::string("diststore"), std::string(150, 'x')}) {
      std::string message = read_call(GetParam(), service + ":read", "some key", sequence);
      const auto head = read_head(message, GetParam());
      const auto plain = strip_service({message.data(), message.size()}, head.value(), GetParam());
      EXPECT_EQ(std::string(plain.data(), plain.size()), read_call(GetParam(), "read", "some key", sequence));
    }
  }
}

TEST_P(MessageHeadOf, AMessageWithoutServiceStaysAsItIs) {
  std::string message = read_call(GetParam(), "read", "k", 1);
  const auto head = read_head(message, GetParam());
  EXPECT_EQ(strip_service({message.data(), message.size()}, head.value(), GetParam()).size(), message.size());
}

TEST_P(MessageHeadOf, ATooLongNameIsRefused) {
  const std::string message = read_call(GetParam(), std::string(kMethodNameBytesMax + 1, 'm'), "k", 1);
  EXPECT_FALSE(read_head(message, GetParam()).ok());
}

TEST(MessageHead, AWrittenBinaryHeadReadsBack) {
  std::string message;
  append_binary_head(message, MessageType::call, "diststore", "read", 77);
  const auto head = read_head(message, Encoding::binary);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head.value().name, "diststore:read");
  EXPECT_EQ(head.value().sequence, 77);
  EXPECT_EQ(head.value().bytes, message.size());
}

TEST(MessageHead, NamesAreSplitAtTheFirstColon) {
  EXPECT_EQ(split_name("a:b:c").service, "a");
  EXPECT_EQ(split_name("a:b:c").method, "b:c");
  EXPECT_TRUE(split_name("get").service.empty());
}

}  // namespace
}  // namespace p2p::host
