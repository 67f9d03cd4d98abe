#include "retry/retry_queue.h"

#include "fake_strand.h"

#include <gtest/gtest.h>

namespace p2p::retry {
namespace {

struct Queue : testing::Test {
  void add(std::size_t count) {
    for (std::size_t at = 0; at < count; ++at) {
      ASSERT_TRUE(
          queue->add([this](RetryQueue::Turn turn) { ++(turn == RetryQueue::Turn::go_on ? gone_on : given_up); }));
    }
  }

  std::shared_ptr<diststore::FakeStrand> strand = std::make_shared<diststore::FakeStrand>();
  std::shared_ptr<RetryQueue> queue = std::make_shared<RetryQueue>(strand);
  std::size_t gone_on = 0;
  std::size_t given_up = 0;
};

TEST_F(Queue, WhatWaitsGoesOnTogetherAfterAShortPause) {
  add(2);
  EXPECT_EQ(strand->timers(), 1U);
  strand->advance(kShortPause - Duration(1));
  EXPECT_EQ(gone_on, 0U);
  strand->advance(Duration(1));
  EXPECT_EQ(gone_on, 2U);
}

TEST_F(Queue, ACrowdIsStirredLessOften) {
  add(kCrowd + 1);
  strand->advance(kShortPause);
  ASSERT_EQ(gone_on, kCrowd + 1);
  add(1);
  strand->advance(kLongPause - Duration(1));
  EXPECT_EQ(gone_on, kCrowd + 1);
  strand->advance(Duration(1));
  EXPECT_EQ(gone_on, kCrowd + 2);
}

TEST_F(Queue, AFullOneTakesNothing) {
  add(kWaitingMax);
  EXPECT_FALSE(queue->add([](auto) { FAIL() << "it is not kept"; }));
}

TEST_F(Queue, OneThatStopsGivesUpWhatWaitsAndTakesNothingMore) {
  add(3);
  queue->stop();
  EXPECT_EQ(given_up, 3U);
  EXPECT_FALSE(queue->add([](auto) { FAIL() << "it is not kept"; }));
  strand->advance(kLongPause);
  EXPECT_EQ(gone_on, 0U);
}

}  // namespace
}  // namespace p2p::retry
