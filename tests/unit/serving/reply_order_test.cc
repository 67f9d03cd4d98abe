#include "serving/reply_order.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

class Replies : public ::testing::Test {
 protected:
  void fill(std::uint64_t ticket, const std::string& reply) {
    order.fill(ticket, reply, [this](std::string_view ready) { sent += ready; });
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

}  // namespace
}  // namespace p2p::host
