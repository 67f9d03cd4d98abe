// What becomes of a service's calls to its peers when it stops.
#include "runtime/service_peers.h"

#include "serving/loop.h"

#include <p2p/call.h>

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace p2p::host {
namespace {

class SilentLog final : public Logger {
 protected:
  void write(LogLevel, std::string_view) noexcept override {}
};

// Takes one call, and never answers it by itself.
class SilentPeers final : public Peers {
 public:
  void call(const NodeAddress&, std::string_view, std::string, Duration,
            std::function<void(Result<std::string>)> done) override {
    answer = std::move(done);
  }
  void call_classic(const NodeAddress&, std::string, Expect, Duration,
                    std::function<void(Result<std::string>)> done) override {
    answer = std::move(done);
  }

  std::function<void(Result<std::string>)> answer;
};

class ServicePeersTest : public ::testing::Test {
 protected:
  void call() {
    peers.call({"127.0.0.1", 1}, "store.peer", "", std::chrono::seconds(60),
               [this](const Result<std::string>& result) { ended = result; });
  }

  SilentLog log;
  Loop loop{0, log};
  SilentPeers network;
  ServicePeers peers{network, loop};
  std::optional<Result<std::string>> ended;
};

TEST_F(ServicePeersTest, WhatIsUnderWayWhenTheServiceStopsMayHaveBeenExecuted) {
  call();
  peers.close();
  ASSERT_TRUE(ended);
  EXPECT_TRUE(may_have_run(ended->error().kind)) << ended->error().text;
  network.answer(std::string("too late"));
  EXPECT_FALSE(ended->ok());
}

TEST_F(ServicePeersTest, WhatIsAskedAfterItHasStoppedIsNotSent) {
  peers.close();
  loop.start();
  call();
  loop.stop();  // after what it was given before
  EXPECT_FALSE(network.answer);
}

}  // namespace
}  // namespace p2p::host
