// Which of several addresses is taken, and when is there none?
#include "engine/connecting.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::client {
namespace {

using asio::ip::tcp;

constexpr Duration kLimit = std::chrono::seconds(1);

tcp::endpoint loopback(std::uint16_t port = 0) { return {asio::ip::address_v4::loopback(), port}; }

class ConnectingTest : public ::testing::Test {
 protected:
  // Where connections are accepted, by the system.
  tcp::endpoint served() {
    served_.emplace_back(io_, loopback());
    return served_.back().local_endpoint();
  }

  // Where nobody listens, as long as the test runs: the port is bound.
  tcp::endpoint refused() {
    bound_.emplace_back(io_, loopback());
    return bound_.back().local_endpoint();
  }

  // Where packets are dropped: a listener whose queue is full.
  tcp::endpoint silent() {
    tcp::acceptor full(io_);
    full.open(tcp::v4());
    full.bind(loopback());
    full.listen(0);
    const auto at = full.local_endpoint();
    served_.push_back(std::move(full));
    constexpr int kMoreThanItQueues = 4;
    for (int waiting = 0; waiting < kMoreThanItQueues; ++waiting) {
      bound_.emplace_back(io_, tcp::v4());
      bound_.back().native_non_blocking(true);
      // Asio's own connect() would wait for the end.
      static_cast<void>(::connect(bound_.back().native_handle(), at.data(), static_cast<socklen_t>(at.size())));
    }
    return at;
  }

  // Tries them; returns when it has ended.
  void connect(std::vector<tcp::endpoint> addresses) {
    const auto connecting = std::make_shared<Connecting>(io_, [this](tcp::socket* connected, const std::string& why) {
      ++ended_;
      why_ = why;
      if (connected != nullptr) reached_ = connected->remote_endpoint();
    });
    connecting->begin_at(std::move(addresses), kLimit);
    io_.restart();
    while (ended_ == 0 && io_.run_one() != 0) {
    }
    io_.run();  // nothing of it is left, and nothing ends twice
    EXPECT_EQ(ended_, 1);
  }

  asio::io_context io_;
  std::vector<tcp::acceptor> served_;
  std::vector<tcp::socket> bound_;
  int ended_ = 0;
  std::optional<tcp::endpoint> reached_;
  std::string why_;
};

TEST_F(ConnectingTest, TheFirstAddressThatStandsIsTaken) {
  const auto node = served();
  connect({node, refused()});
  EXPECT_EQ(reached_, node);
}

TEST_F(ConnectingTest, BehindThoseThatRefuseTheNextIsTried) {
  const auto node = served();
  connect({refused(), refused(), node});
  EXPECT_EQ(reached_, node);
}

TEST_F(ConnectingTest, BesideThoseThatAreSilentTheOthersAreTried) {
  const auto node = served();
  connect({silent(), silent(), refused(), node});
  EXPECT_EQ(reached_, node);
}

TEST_F(ConnectingTest, WhenNoneStandsEachIsNamedWithItsReason) {
  const auto one = refused();
  const auto other = refused();
  connect({one, other});
  EXPECT_EQ(reached_, std::nullopt);
  const auto refusal = [](const tcp::endpoint& at) {
    return NodeAddress{"127.0.0.1", at.port()}.name() + ": Connection refused";
  };
  EXPECT_EQ(why_, refusal(one) + "; " + refusal(other));
}

TEST_F(ConnectingTest, NoAddressAtAllIsTold) {
  connect({});
  EXPECT_EQ(reached_, std::nullopt);
}

TEST_F(ConnectingTest, NoMoreThanTheLimitAreTried) {
  std::vector<tcp::endpoint> addresses(kAddressesMax, refused());
  addresses.push_back(served());
  connect(std::move(addresses));
  EXPECT_EQ(reached_, std::nullopt);
}

TEST_F(ConnectingTest, WhatIsCancelledNeverEnds) {
  const auto connecting = std::make_shared<Connecting>(io_, [this](tcp::socket*, const std::string&) { ++ended_; });
  connecting->begin_at({silent(), served()}, kLimit);
  connecting->cancel();
  io_.run();
  EXPECT_EQ(ended_, 0);
}

TEST_F(ConnectingTest, ANameIsResolved) {
  const auto node = served();
  const auto connecting = std::make_shared<Connecting>(io_, [this](tcp::socket* connected, const std::string& why) {
    ++ended_;
    why_ = why;
    if (connected != nullptr) reached_ = connected->remote_endpoint();
  });
  connecting->begin({"localhost", node.port()}, kLimit);
  io_.run();
  EXPECT_EQ(reached_, node) << why_;
}

}  // namespace
}  // namespace p2p::client
