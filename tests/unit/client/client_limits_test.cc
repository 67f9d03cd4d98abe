// What becomes of calls that are over a limit of the client, and of those beside them?
#include "engine/engine.h"
#include "two_nodes.h"

#include <p2p/client.h>
#include <p2p/handlers.h>

#include <Store.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace p2p::client::test {
namespace {

class ClientLimits : public TwoNodes {};

void expect_unsent(const Failure& failure) {
  EXPECT_EQ(failure.effect, Effect::none);
  EXPECT_EQ(failure.kind, ErrorKind::invalid);
  EXPECT_NE(failure.text.find("request_bytes_max is 16MiB"), std::string::npos) << failure.text;
}

TEST_F(ClientLimits, ACallThatIsLargerThanNodesTakeIsNotSent) {
  Client client(options());
  const std::string value(20 * 1024 * 1024, 'v');
  const auto written = client.write("k", value);
  ASSERT_FALSE(written.ok());
  expect_unsent(written.failure());
  EXPECT_NE(written.failure().text.find(std::to_string(value.size()).substr(0, 4)), std::string::npos);
  EXPECT_EQ(one_.asked("write") + two_.asked("write"), 0);
}

TEST_F(ClientLimits, OnlyTheLargeItemsOfABatchFail) {
  for (FakeNode* node : {&one_, &two_}) {
    node->apply([](const Asked& asked) {
      diststore::Store_write_many_result result;
      result.__isset.success = true;
      result.success.resize(1);
      return reply_of(asked, result);
    });
  }
  Client client(options());
  const std::string value(20 * 1024 * 1024, 'v');
  const auto written = client.write_many({{"k", value}, {key_of(one_), "v"}, {key_of(two_), "v"}});
  ASSERT_FALSE(written[0].ok());
  expect_unsent(written[0].failure());
  EXPECT_TRUE(written[1].ok());
  EXPECT_TRUE(written[2].ok());
}

TEST_F(ClientLimits, AMessageOfAnyServiceFitsToItsLastByte) {
  diststore::Store_get_args args;
  args.key = std::string(1'000, 'k');
  const std::string message = encode_call("get", args);
  const std::string service = "diststore";
  const std::size_t bytes = service.size() + 1 + message.size();
  one_.apply([](const Asked& asked) { return exception_of(asked, 1, "p2p:unknown: diststore"); });
  const std::string key = key_of(one_);
  const Request request{.service = service, .key = key, .message = message};
  auto exact = options();
  exact.request_bytes_max = bytes;
  Client fitting(exact);
  EXPECT_EQ(fitting.call(request).failure().kind, ErrorKind::not_found);
  exact.request_bytes_max = bytes - 1;
  Client refusing(exact);
  EXPECT_EQ(refusing.call(request).failure().kind, ErrorKind::invalid);
  EXPECT_EQ(refusing.call_node(one_.address(), request).failure().kind, ErrorKind::invalid);
  EXPECT_EQ(one_.asked("get"), 1);
}

TEST_F(ClientLimits, ATimeoutWithoutEndIsTheLongestThereIs) {
  const auto endless = options(Duration::max());
  const auto far = std::chrono::steady_clock::now() + kTimeoutMax / 2;
  {
    const Engine engine(endless);
    EXPECT_GT(engine.deadline_of({}), far);
    EXPECT_GT(engine.deadline_of({.timeout = Duration::max()}), far);
  }
  Client client(endless);
  EXPECT_TRUE(client.write("k", "v").ok());
  EXPECT_TRUE(client.write("k", "v", {.timeout = Duration::max()}).ok());
}

TEST_F(ClientLimits, WhatIsNotTakenOnCallsBackBeforeTheCallReturns) {
  auto limited = options();
  limited.request_bytes_max = 1'000;
  Client client(limited);
  const auto caller = std::this_thread::get_id();
  std::vector<std::thread::id> called_on;
  const auto note = [&](const auto& told) {
    EXPECT_EQ(told.failure().kind, ErrorKind::invalid);
    called_on.push_back(std::this_thread::get_id());
  };
  client.write("k", std::string(1'000, 'v'), note);
  client.call({.service = "diststore", .key = "k", .message = "nonsense"}, note);
  EXPECT_EQ(called_on, std::vector(2, caller));
}

// Whoever reads this value gets more than the client takes.
class LongReply : public ClientLimits {
 protected:
  LongReply() {
    for (FakeNode* node : {&one_, &two_}) {
      node->apply([this](const Asked& asked) {
        return asked.method == "read" ? read_reply(asked, std::string(8'192, 'v'), FakeNode::view_of(members_))
                                      : write_reply(asked);
      });
    }
  }

  Options limited() const {
    auto limited = options();
    limited.reply_bytes_max = 4'096;
    return limited;
  }
};

TEST_F(LongReply, FailsItsCallAndIsNotAskedForAgain) {
  Client client(limited());
  const auto read = client.read(key_of(two_));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.failure().kind, ErrorKind::invalid);
  EXPECT_EQ(read.failure().effect, Effect::none);
  EXPECT_NE(read.failure().text.find("reply_bytes_max is 4KiB"), std::string::npos) << read.failure().text;
  EXPECT_EQ(two_.asked("read"), 1);
  EXPECT_EQ(one_.asked("read"), 0);
}

TEST_F(LongReply, LeavesItsNodeInUse) {
  Client client(limited());
  ASSERT_FALSE(client.read(key_of(two_)).ok());
  EXPECT_TRUE(client.write(key_of(two_), "v").ok());
  EXPECT_EQ(two_.asked("write"), 1);
  EXPECT_EQ(client.stats().alternate_nodes, 0U);
}

TEST_F(LongReply, OfACallThatIsMoreThanAReadMeansThatItMayHaveBeenExecuted) {
  Client client(limited());
  const std::string message = encode_call("read", diststore::Store_read_args());
  const std::string key = key_of(two_);
  const auto reply = client.call({.service = "diststore", .key = key, .message = message}, {.is_repeatable = true});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure().effect, Effect::unknown);
  EXPECT_EQ(one_.asked("read") + two_.asked("read"), 1);
}

TEST_F(LongReply, CostsWritesBehindItTheirCertaintyAndReadsNothing) {
  bool is_first = true;
  two_.apply([&](const Asked& asked) {
    if (asked.method != "read") return write_reply(asked);
    const std::size_t bytes = std::exchange(is_first, false) ? 8'192 : 1;
    return read_reply(asked, std::string(bytes, 'v'), FakeNode::view_of(members_));
  });
  Client client(limited());
  const std::string key = key_of(two_);
  std::future<Outcome<Read>> long_one;
  std::future<Outcome<Read>> read;
  std::future<Outcome<Written>> write;
  std::promise<void> all_called;
  // What is called on the client's thread leaves in one write.
  client.write(key, "v", [&](const Outcome<Written>&) {
    long_one = client.read_future(key);
    write = client.write_future(key, "v");
    read = client.read_future(key);
    all_called.set_value();
  });
  all_called.get_future().wait();
  EXPECT_EQ(long_one.get().failure().kind, ErrorKind::invalid);
  const auto written = write.get();
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.failure().effect, Effect::unknown);
  EXPECT_EQ(read.get().value().value, "v");
  EXPECT_EQ(client.stats().alternate_nodes, 0U);
}

}  // namespace
}  // namespace p2p::client::test
