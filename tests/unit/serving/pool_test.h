// The pool by which services call other nodes, on one loop and over real sockets on loopback.
#pragma once

#include "messages.h"
#include "old_server.h"

#include "peers/peer_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::host {

// Whole messages serve as replies too: nobody looks into them here.
inline const std::string kCall = read_call(Encoding::binary, "get", "a key", 0);
inline const std::string kReply = rich_call(Encoding::binary, "get", 0);

inline std::vector<std::unique_ptr<Loop>> one_loop(Logger& log) {
  std::vector<std::unique_ptr<Loop>> loops;
  loops.push_back(std::make_unique<Loop>(0, log));
  return loops;
}

class PoolTest : public ::testing::Test {
 protected:
  using seconds = std::chrono::seconds;

  PoolTest() { loops.front()->start(); }
  ~PoolTest() override {
    pool.shut_down();
    loops.front()->stop();
  }

  // As one node of ours calls another.
  std::future<Result<std::string>> call_ours(const NodeAddress& to, Duration deadline = seconds(60)) {
    return call(to, "locator.peer", deadline);
  }
  std::future<Result<std::string>> call(const NodeAddress& to, std::string_view service, Duration deadline,
                                        const std::string& message = kCall) {
    auto ended = std::make_shared<std::promise<Result<std::string>>>();
    auto result = ended->get_future();
    pool.call(to, service, message, deadline,
              [ended](Result<std::string> reply) { ended->set_value(std::move(reply)); });
    return result;
  }
  // "" when the call was answered.
  static std::string failure_of(std::future<Result<std::string>> ended) {
    const auto result = ended.get();
    return result.ok() ? "" : to_text(result.error().kind);
  }
  // Where nobody listens, as far as one can know.
  static NodeAddress nobody() {
    OldServer server([](const std::shared_ptr<OldConnection>&) {});
    return server.address();
  }

  // The loop has seen what has come to its sockets, and done what it had to do about it: it looks at them at the latest
  // between one function that it is given and the next.
  void pass_through_the_loop() {
    for (int rounds = 0; rounds < 5; ++rounds) {
      std::promise<void> done;
      loops.front()->post([&] { done.set_value(); });
      done.get_future().wait();
    }
  }

  SilentLog log;
  std::vector<std::unique_ptr<Loop>> loops = one_loop(log);  // before the pool, which looks how many there are
  PeerIdentity identity{{"127.0.0.1", 1}, "p2phost"};
  OwnFailures own_failures{log};
  PeerPool pool{loops,
                identity,
                {.connect_timeout = Duration(seconds(60)),
                 .hello_timeout = Duration(seconds(60)),
                 .idle_timeout = Duration(seconds(60)),
                 .calls_max = 10,
                 .queue_bytes_max = 1000,
                 .message_bytes_max = 1000},
                own_failures,
                log};
};

}  // namespace p2p::host
