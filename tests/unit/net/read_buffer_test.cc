// How what was read is kept: in order, whatever the buffer does to make room.
#include "net/read_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace p2p::net {
namespace {

constexpr ReadBuffer::Sizes kSizes{.first = 16, .usual_max = 64};

// As a read does: what fits; returns how much that was.
std::size_t read_into(ReadBuffer& buffer, std::string_view bytes, std::size_t message_bytes = 0) {
  const asio::mutable_buffer room = buffer.room(message_bytes);
  const std::size_t read = std::min(room.size(), bytes.size());
  std::memcpy(room.data(), bytes.data(), read);
  buffer.arrived(read);
  return read;
}

void read_all(ReadBuffer& buffer, std::string_view bytes, std::size_t message_bytes = 0) {
  while (!bytes.empty()) bytes.remove_prefix(read_into(buffer, bytes, message_bytes));
}

TEST(ReadBuffer, HasNoMemoryBeforeTheFirstRead) {
  ReadBuffer buffer(kSizes);
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_TRUE(buffer.is_empty());
  EXPECT_EQ(buffer.room().size(), kSizes.first);
}

TEST(ReadBuffer, KeepsWhatIsUntakenHoweverItMovesAndGrows) {
  ReadBuffer buffer(kSizes);
  std::string sent;
  std::string taken;
  for (std::size_t step = 1; step < 200; ++step) {
    const std::string bytes(step % 23, static_cast<char>('a' + step % 26));
    read_all(buffer, bytes);
    sent += bytes;
    const auto some = buffer.take(std::min(buffer.unread().size(), step % 17));
    taken.append(some.data(), some.size());
    if (step % 3 == 0) buffer.adapt();
  }
  EXPECT_EQ(taken + std::string(buffer.unread()), sent);
}

TEST(ReadBuffer, WhatIsTakenStaysWhereItIsUntilTheNextRead) {
  ReadBuffer buffer(kSizes);
  read_all(buffer, "onetwo");
  const auto one = buffer.take(3);
  const auto two = buffer.take(3);
  EXPECT_EQ(std::string_view(one.data(), one.size()), "one");
  EXPECT_EQ(std::string_view(two.data(), two.size()), "two");
  EXPECT_TRUE(buffer.is_empty());
}

TEST(ReadBuffer, GrowsUpToItsUsualSizeWhileReadsFillIt) {
  ReadBuffer buffer(kSizes);
  for (int reads = 0; reads < 5; ++reads) {
    const std::string bytes(buffer.room().size(), 'x');
    read_all(buffer, bytes);
    buffer.take_all();
    buffer.adapt();
  }
  EXPECT_EQ(buffer.capacity(), kSizes.usual_max);
}

TEST(ReadBuffer, StaysAsItIsWhileReadsDoNotFillIt) {
  ReadBuffer buffer(kSizes);
  for (int reads = 0; reads < 100; ++reads) {
    read_all(buffer, "small");
    buffer.take_all();
    buffer.adapt();
  }
  EXPECT_EQ(buffer.capacity(), kSizes.first);
}

TEST(ReadBuffer, GivesTheMemoryOfALargeMessageBackWhenItIsTaken) {
  ReadBuffer buffer(kSizes);
  read_all(buffer, std::string(10 * kSizes.usual_max, 'x'));
  buffer.adapt();
  EXPECT_GE(buffer.capacity(), 10 * kSizes.usual_max) << "it is not taken yet";
  buffer.take_all();
  buffer.adapt();
  EXPECT_EQ(buffer.capacity(), kSizes.usual_max);
}

TEST(ReadBuffer, AMessageGetsItsRoomAsItArrivesAndNotForItsLengthAlone) {
  constexpr std::size_t kMessage = 100'000;
  ReadBuffer buffer(kSizes);
  read_into(buffer, "head", kMessage);
  EXPECT_EQ(buffer.capacity(), kSizes.first);
  for (std::size_t arrived = 4; arrived < kMessage; arrived = buffer.unread().size()) {
    EXPECT_LE(buffer.room(kMessage).size(), 8 * std::max(arrived, kSizes.first));
    read_into(buffer, std::string(std::min<std::size_t>(kMessage - arrived, 5'000), 'x'), kMessage);
  }
  EXPECT_EQ(buffer.capacity(), kMessage) << "and no more than it needs";
}

TEST(ReadBuffer, AMovedFromOneIsEmptyAndUsable) {
  ReadBuffer buffer(kSizes);
  read_all(buffer, "abcd");
  ReadBuffer moved = std::move(buffer);
  EXPECT_EQ(moved.unread(), "abcd");
  EXPECT_TRUE(buffer.is_empty());  // NOLINT: as promised
  EXPECT_EQ(buffer.capacity(), 0U);
  read_all(buffer, "efgh");
  EXPECT_EQ(buffer.unread(), "efgh");
  buffer = std::move(moved);
  EXPECT_EQ(buffer.unread(), "abcd");
  buffer.reset();
  EXPECT_TRUE(buffer.is_empty());
  EXPECT_EQ(buffer.capacity(), 0U);
}

}  // namespace
}  // namespace p2p::net
