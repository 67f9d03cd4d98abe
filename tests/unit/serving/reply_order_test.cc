#include "serving/reply_order.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace p2p::host {
namespace {

class Replies : public ::testing::Test {
 protected:
  void fill(std::uint64_t call_id, const std::string& reply) {
    order.fill(call_id, {reply}, [this](EncodedReply ready) { sent += ready.bytes; });
    order.check();
  }
  ReplyOrder order;
  std::string sent;
};

TEST_F(Replies, LeaveInTheOrderOfTheirRequests) {
  const auto first = order.take_place();
  const auto second = order.take_place();
  const auto third = order.take_place();
  fill(third, "3");
  fill(second, "2");
  EXPECT_EQ(sent, "");
  EXPECT_EQ(order.waiting_bytes(), 2u);
  fill(first, "1");
  EXPECT_EQ(sent, "123");
  EXPECT_EQ(order.waiting_bytes(), 0u);
  EXPECT_EQ(order.open_places(), 0u);
}

TEST_F(Replies, TheOldestLeavesAtOnce) {
  const auto first = order.take_place();
  order.take_place();
  fill(first, "1");
  EXPECT_EQ(sent, "1");
  EXPECT_EQ(order.open_places(), 1u);
}

TEST_F(Replies, ALargeOneThatMayBeTakenIsNeverCopied) {
  const auto first = order.take_place();
  const auto second = order.take_place();
  std::string large(kLargeReplyBytes, 'x');
  const char* const bytes = large.data();
  order.fill(second, {large, &large}, [](EncodedReply) { FAIL() << "the first one is missing"; });
  EXPECT_EQ(order.waiting_bytes(), kLargeReplyBytes);
  std::vector<std::string> taken;
  order.fill(first, {"1"}, [&](EncodedReply ready) {
    taken.push_back(is_worth_moving(ready) ? std::move(*ready.block) : std::string(ready.bytes));
  });
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken.back().data(), bytes);
  EXPECT_EQ(order.waiting_bytes(), 0u);
}

TEST_F(Replies, WhatIsLentIsCopied) {
  const auto first = order.take_place();
  const auto second = order.take_place();
  std::string lent(kLargeReplyBytes, 'x');
  order.fill(second, {lent}, [](EncodedReply) {});
  lent.assign(lent.size(), 'y');
  fill(first, "1");
  EXPECT_EQ(sent, "1" + std::string(kLargeReplyBytes, 'x'));
}

}  // namespace
}  // namespace p2p::host
