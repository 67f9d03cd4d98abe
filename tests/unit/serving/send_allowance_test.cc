#include "serving/send_allowance.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>

namespace p2p::host {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kReply = 1024 * 1024;
constexpr std::uint64_t kRoomForOne = kWideParts * kUnsentBytesMaxWide;

// Two ends of a connection; the client's reads nothing unless a test does.
class SendAllowanceTest : public testing::Test {
 protected:
  SendAllowanceTest() {
    asio::ip::tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket client(context_);
    client.connect(acceptor.local_endpoint());
    asio::ip::tcp::socket server = acceptor.accept();
    server.non_blocking(true);
    client_ = std::move(client);
    server_ = std::move(server);
    wide_.set_waiting_bytes_max(kRoomForOne);
  }

  int unsent_bytes_max() {
    asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT> option;
    server_.get_option(option);
    return option.value();
  }

  void earn(SendAllowance& allowance) {
    allowance.write_begins(now_);
    allowance.write_ends(server_, kReply, now_ + kPromptly);
  }

  void fill_the_kernel() {
    const std::string bytes(kReply, 'x');
    error_code full;
    while (!full) server_.write_some(asio::buffer(bytes), full);
  }

  asio::io_context context_;
  StreamSocket server_{context_};
  StreamSocket client_{context_};
  WideAllowances wide_;
  TimePoint now_ = TimePoint{} + 1h;
};

TEST_F(SendAllowanceTest, AClientThatTakesALargeReplyPromptlyGetsMore) {
  SendAllowance allowance(wide_);
  earn(allowance);
  EXPECT_TRUE(allowance.is_wide());
  EXPECT_EQ(unsent_bytes_max(), kUnsentBytesMaxWide);
}

TEST_F(SendAllowanceTest, ASlowClientAndASmallReplyGetNoMore) {
  SendAllowance allowance(wide_);
  allowance.write_begins(now_);
  allowance.write_ends(server_, kReply, now_ + kReply / kUnsentBytesMax * kPromptly + 1ms);
  EXPECT_FALSE(allowance.is_wide());
  allowance.write_begins(now_);
  allowance.write_ends(server_, kUnsentBytesMax, now_);
  EXPECT_FALSE(allowance.is_wide());
}

TEST_F(SendAllowanceTest, NoMoreClientsGetItThanTheNodeCanBear) {
  SendAllowance first(wide_);
  earn(first);
  {
    SendAllowance second(wide_);
    earn(second);
    EXPECT_FALSE(second.is_wide());
    first.release();
    earn(second);
    EXPECT_TRUE(second.is_wide());
  }
  earn(first);
  EXPECT_TRUE(first.is_wide());
}

TEST_F(SendAllowanceTest, WhoStallsOrIsIdleLosesIt) {
  SendAllowance allowance(wide_);
  earn(allowance);
  allowance.look(server_, false, now_, now_ + kSlowly);
  EXPECT_TRUE(allowance.is_wide());
  allowance.look(server_, false, now_, now_ + kSlowly + 1ms);
  EXPECT_FALSE(allowance.is_wide());
  EXPECT_EQ(unsent_bytes_max(), kUnsentBytesMax);

  earn(allowance);
  allowance.write_begins(now_);
  allowance.look(server_, true, now_ + 1h, now_ + kSlowly + 1ms);
  EXPECT_FALSE(allowance.is_wide());
}

TEST_F(SendAllowanceTest, ItCountsAsTakenWhileTheKernelHoldsMoreThanOfOthers) {
  SendAllowance allowance(wide_);
  earn(allowance);
  fill_the_kernel();
  allowance.look(server_, false, now_, now_ + 2 * kSlowly);
  EXPECT_TRUE(allowance.is_wide());
  EXPECT_EQ(unsent_bytes_max(), kUnsentBytesMax);

  std::array<char, 65536> block;
  client_.non_blocking(true);
  while (allowance.is_wide()) {
    error_code nothing;
    while (!nothing) client_.read_some(asio::buffer(block), nothing);
    allowance.look(server_, false, now_, now_ + 2 * kSlowly);
  }
}

}  // namespace
}  // namespace p2p::host
