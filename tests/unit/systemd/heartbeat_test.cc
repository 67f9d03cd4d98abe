#include "systemd/heartbeat.h"

#include "manager_socket.h"

#include <gtest/gtest.h>

#include <future>

namespace p2p::host::test {
namespace {

using namespace std::chrono_literals;

class NoLog final : public Logger {
 protected:
  void write(LogLevel, std::string_view) noexcept override {}
};

// Two running loops; time is told.
class HeartbeatTest : public testing::Test {
 protected:
  explicit HeartbeatTest(const char* watchdog_us = "2000000")
      : manager_(manager_of({{"NOTIFY_SOCKET", socket_.name()}, {"WATCHDOG_USEC", watchdog_us}})) {
    for (std::size_t number = 0; number < 2; ++number) {
      loops_.push_back(std::make_unique<Loop>(number, log_));
      loops_.back()->start();
    }
  }
  ~HeartbeatTest() override {
    for (auto& loop : loops_) loop->stop();
  }

  // Returns when everything that was posted to the loop has run.
  static void let_turn(Loop& loop) {
    std::promise<void> turned;
    loop.post([&turned] { turned.set_value(); });
    turned.get_future().wait();
  }

  NoLog log_;
  ManagerSocket socket_;
  ServiceManager manager_;
  std::vector<std::unique_ptr<Loop>> loops_;
};

const TimePoint kStart{std::chrono::hours(1)};

TEST_F(HeartbeatTest, IsHeardOnceAPeriodWhileEveryLoopTurns) {
  Heartbeat heartbeat(manager_, loops_);
  for (int round = 0; round < 5; ++round) {
    heartbeat.turn(kStart + round * 1s);
    EXPECT_EQ(socket_.receive(), "WATCHDOG=1");
    EXPECT_EQ(heartbeat.due(), kStart + (round + 1) * 1s);
  }
}

TEST_F(HeartbeatTest, IsNotHeardBeforeItIsDue) {
  Heartbeat heartbeat(manager_, loops_);
  heartbeat.turn(kStart);
  EXPECT_EQ(socket_.receive(), "WATCHDOG=1");
  heartbeat.turn(kStart + 999ms);
  for (auto& loop : loops_) let_turn(*loop);
  EXPECT_EQ(socket_.take(), "");
}

TEST_F(HeartbeatTest, StopsWhileOneLoopHangsAndComesBackWithIt) {
  Heartbeat heartbeat(manager_, loops_);
  std::promise<void> release;
  loops_[1]->post([released = release.get_future().share()] { released.wait(); });
  for (int round = 0; round < 5; ++round) {
    heartbeat.turn(kStart + round * 1s);
    let_turn(*loops_[0]);
    EXPECT_EQ(socket_.take(), "") << "round " << round;
  }
  release.set_value();
  EXPECT_EQ(socket_.receive(), "WATCHDOG=1");
  heartbeat.turn(kStart + 5s);
  EXPECT_EQ(socket_.receive(), "WATCHDOG=1");
  for (auto& loop : loops_) let_turn(*loop);
  EXPECT_EQ(socket_.take(), "") << "rounds that a loop has missed are not made up for";
}

class NoHeartbeatTest : public HeartbeatTest {
 protected:
  NoHeartbeatTest() : HeartbeatTest("") {}
};

TEST_F(NoHeartbeatTest, WithoutAWatchdogNothingIsEverSent) {
  Heartbeat heartbeat(manager_, loops_);
  heartbeat.turn(kStart);
  EXPECT_GE(heartbeat.due(), kStart + std::chrono::hours(1));
  heartbeat.turn(heartbeat.due());
  for (auto& loop : loops_) let_turn(*loop);
  EXPECT_EQ(socket_.take(), "");
}

}  // namespace
}  // namespace p2p::host::test
