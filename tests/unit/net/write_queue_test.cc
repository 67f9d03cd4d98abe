// What leaves, in which order, and how much of it the other side may have got.
#include "net/write_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace p2p::net {
namespace {

using asio::ip::tcp;

constexpr std::size_t kKeptBytes = 1024;
// More than the system takes for a side that does not read.
constexpr std::size_t kLargeBytes = 32 << 20;

class WriteQueueTest : public ::testing::Test {
 protected:
  WriteQueueTest() {
    tcp::acceptor acceptor(io_, {asio::ip::address_v4::loopback(), 0});
    here_.connect(acceptor.local_endpoint());
    there_ = acceptor.accept();
    here_.non_blocking(true);
    there_.non_blocking(true);
  }

  error_code flush() {
    return queue_.flush(
        here_,
        [this](std::string& batch) {
          if (batches_.empty()) return;
          ++filled_;
          batch.swap(batches_.front());
          batches_.pop_front();
        },
        [this] {
          return [this](error_code) {
            queue_.has_room();
            if (here_.is_open()) failure_ = flush();
          };
        });
  }

  // Reads at the other end until so much is there.
  std::string read(std::size_t bytes) {
    std::string all;
    std::vector<char> some(1 << 20);
    while (all.size() < bytes) {
      error_code none_yet;
      all.append(some.data(), there_.read_some(asio::buffer(some), none_yet));
      if (none_yet && none_yet != asio::error::would_block) break;
      io_.poll();
    }
    return all;
  }

  asio::io_context io_;
  tcp::socket here_{io_};
  tcp::socket there_{io_};
  WriteQueue queue_{kKeptBytes};
  std::deque<std::string> batches_;
  int filled_ = 0;
  error_code failure_;
};

TEST_F(WriteQueueTest, WithNothingToWriteNothingHappens) {
  EXPECT_FALSE(flush());
  EXPECT_FALSE(queue_.is_waiting());
  EXPECT_EQ(queue_.handed(), 0U);
}

TEST_F(WriteQueueTest, BatchesLeaveOneAfterTheOther) {
  batches_ = {"one", "two", "three"};
  EXPECT_FALSE(flush());
  EXPECT_EQ(filled_, 3);
  EXPECT_EQ(read(11), "onetwothree");
  EXPECT_EQ(queue_.handed(), 11U);
  EXPECT_EQ(queue_.end(), 11U);
  EXPECT_EQ(queue_.bytes(), 0U);
}

TEST_F(WriteQueueTest, WhatWasAddedToTheBatchLeavesWithoutBeingAskedFor) {
  queue_.batch() += "hello";
  EXPECT_EQ(queue_.end(), 5U);
  EXPECT_EQ(queue_.handed(), 0U);
  EXPECT_FALSE(flush());
  EXPECT_EQ(filled_, 0);
  EXPECT_EQ(read(5), "hello");
}

TEST_F(WriteQueueTest, WhatTheSocketDoesNotTakeFollowsWhenItHasRoom) {
  const std::string large(kLargeBytes, 'x');
  batches_ = {large, "end"};
  EXPECT_FALSE(flush());
  EXPECT_TRUE(queue_.is_waiting());
  EXPECT_EQ(filled_, 1) << "the next batch may still grow, or be taken back";
  EXPECT_LT(queue_.handed(), kLargeBytes);
  EXPECT_EQ(queue_.bytes(), kLargeBytes);
  const std::uint64_t handed = queue_.handed();
  EXPECT_FALSE(flush()) << "while it waits, nothing is tried";
  EXPECT_EQ(queue_.handed(), handed);
  EXPECT_EQ(read(kLargeBytes + 3), large + "end");
  EXPECT_FALSE(failure_);
  EXPECT_FALSE(queue_.is_waiting());
  EXPECT_EQ(queue_.handed(), kLargeBytes + 3);
}

TEST_F(WriteQueueTest, OfABrokenConnectionItIsKnownWhatWasHandedOver) {
  batches_ = {"answered", std::string(kLargeBytes, 'x')};
  EXPECT_FALSE(flush());
  const std::uint64_t handed = queue_.handed();
  EXPECT_GT(handed, 8U);
  EXPECT_LT(handed, queue_.end());
  there_.set_option(asio::socket_base::linger(true, 0));
  there_.close();
  io_.run();
  EXPECT_TRUE(failure_);
  EXPECT_EQ(queue_.handed(), handed);
}

TEST_F(WriteQueueTest, MemoryOfALargeBatchIsNotKept) {
  batches_ = {std::string(kKeptBytes / 2, 'x')};
  EXPECT_FALSE(flush());
  EXPECT_GE(queue_.batch().capacity(), kKeptBytes / 2);
  batches_ = {std::string(2 * kKeptBytes, 'x')};
  EXPECT_FALSE(flush());
  EXPECT_LT(queue_.batch().capacity(), kKeptBytes);
}

TEST_F(WriteQueueTest, AnotherConnectionBeginsAnew) {
  batches_ = {"one", std::string(kLargeBytes, 'x')};
  EXPECT_FALSE(flush());
  here_.close();
  queue_.reset();
  EXPECT_FALSE(queue_.is_waiting());
  EXPECT_EQ(queue_.end(), 0U);
  EXPECT_EQ(queue_.handed(), 0U);
  EXPECT_EQ(queue_.bytes(), 0U);
}

}  // namespace
}  // namespace p2p::net
