// The whole library against nodes that the test plays, over real sockets.
#include "two_nodes.h"

#include <p2p/client.h>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>

namespace p2p::client::test {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kUnknownMethod = 1;
constexpr std::int32_t kInternalError = 6;
constexpr std::int32_t kProtocolError = 7;

std::string store_error(const Asked& asked, diststore::StoreErrorKind::type kind) {
  diststore::Store_write_result result;  // a read's result has the same fields here
  result.__isset.error = true;
  result.error.kind = kind;
  result.error.message = "why";
  return reply_of(asked, result);
}
std::string unavailable(const Asked& asked) { return store_error(asked, diststore::StoreErrorKind::unavailable); }
std::string not_executed(const Asked& asked) { return store_error(asked, diststore::StoreErrorKind::not_executed); }

TEST_F(TwoNodes, EachCallGoesStraightToItsOwner) {
  Client client(options());
  for (const FakeNode* node : {&one_, &two_}) {
    const auto read = client.read(key_of(*node));
    ASSERT_TRUE(read.ok()) << read.failure().text;
    EXPECT_EQ(read.value().value, node->address().name());
  }
  EXPECT_EQ(client.stats().alternate_nodes, 0U);
  EXPECT_EQ(client.stats().retries, 0U);
}

TEST_F(TwoNodes, ThousandsOfCallsInFlightAreAnsweredInTheirForms) {
  Client client(options());
  constexpr int kCalls = 5'000;
  std::latch answered(kCalls);
  std::atomic<int> good{0};
  for (int number = 0; number < kCalls; ++number) {
    client.read("k" + std::to_string(number), [&](Outcome<Read> read) {
      if (read.ok() && read.value().found) ++good;
      answered.count_down();
    });
  }
  std::vector<std::future<Outcome<Written>>> writes;
  for (int number = 0; number < 100; ++number) writes.push_back(client.write_future("k" + std::to_string(number), "v"));
  for (auto& write : writes) EXPECT_TRUE(write.get().ok());
  answered.wait();
  EXPECT_EQ(good, kCalls);
  EXPECT_EQ(one_.asked("read") + two_.asked("read"), kCalls);
}

TEST_F(TwoNodes, AReplyWithAnotherViewMakesItLookAtTheRing) {
  Client client(options());
  ASSERT_TRUE(client.read(key_of(one_)).ok());
  // The other node leaves, and only the first one says so, with its next reply.
  const std::vector<NodeAddress> rest{one_.address()};
  one_.tell_ring(rest);
  one_.apply([&rest](const Asked& asked) { return read_reply(asked, "", FakeNode::view_of(rest)); });
  const auto views = client.stats().views;
  while (client.stats().views == views) ASSERT_TRUE(client.read(key_of(one_)).ok());
  const int before = two_.asked("read");
  ASSERT_TRUE(client.read(key_of(two_)).ok());
  EXPECT_EQ(two_.asked("read"), before);
  EXPECT_EQ(client.ring().value().members, rest);
}

TEST_F(TwoNodes, AViewThatNobodyElseHasIsNoReasonToFail) {
  one_.apply([](const Asked& asked) { return read_reply(asked, "late", 12345); });
  Client client(options());
  for (int count = 0; count < 100; ++count) ASSERT_EQ(client.read(key_of(one_)).value().value, "late");
}

TEST_F(TwoNodes, WhatANodeRefusesBecauseItStopsIsDoneByAnother) {
  two_.apply([](const Asked& asked) { return exception_of(asked, kUnknownMethod, "p2p:draining: diststore"); });
  Client client(options());
  EXPECT_TRUE(client.write(key_of(two_), "v").ok());
  EXPECT_EQ(one_.asked("write"), 1);
  EXPECT_EQ(two_.asked("write"), 1);
  EXPECT_GE(client.stats().alternate_nodes, 1U);
}

TEST_F(TwoNodes, AServiceThatIsDisabledOnOneNodeIsAskedForAtAnother) {
  two_.apply([](const Asked& asked) { return exception_of(asked, kUnknownMethod, "p2p:disabled: diststore"); });
  Client client(options());
  EXPECT_TRUE(client.write(key_of(two_), "v").ok());
  EXPECT_EQ(one_.asked("write"), 1);
  EXPECT_EQ(two_.asked("write"), 1);
  // The node serves its other services: the next call goes to it again.
  EXPECT_TRUE(client.write(key_of(two_), "v").ok());
  EXPECT_EQ(two_.asked("write"), 2);
}

TEST_F(TwoNodes, AServiceThatIsDisabledEverywhereIsAskedForUntilTheDeadlineAndHasDoneNothing) {
  for (FakeNode* node : {&one_, &two_}) {
    node->apply([](const Asked& asked) { return exception_of(asked, kUnknownMethod, "p2p:disabled: diststore"); });
  }
  Client client(options(200ms));
  const auto write = client.write(key_of(two_), "v");
  ASSERT_FALSE(write.ok());
  EXPECT_GE(one_.asked("write"), 1);
  EXPECT_GE(two_.asked("write"), 2);
  EXPECT_EQ(write.failure().effect, Effect::none);
  EXPECT_EQ(write.failure().kind, ErrorKind::not_found);
}

TEST_F(TwoNodes, AWriteWhoseConnectionBreaksIsUnknownAndNotRepeated) {
  two_.apply([](const Asked&) { return std::nullopt; });
  Client client(options());
  const auto write = client.write(key_of(two_), "v");
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().effect, Effect::unknown);
  EXPECT_EQ(one_.asked("write") + two_.asked("write"), 1);
  const auto erase = client.erase(key_of(two_));
  ASSERT_FALSE(erase.ok());
  EXPECT_EQ(erase.failure().effect, Effect::unknown);
  EXPECT_EQ(one_.asked("erase") + two_.asked("erase"), 1);
}

TEST_F(TwoNodes, AReadWhoseConnectionBreaksIsAskedAgain) {
  int left = 3;
  two_.apply([&](const Asked& asked) -> std::optional<std::string> {
    if (left-- > 0) return std::nullopt;
    return read_reply(asked, "at last", 0);
  });
  Client client(options());
  const auto read = client.read(key_of(two_));
  ASSERT_TRUE(read.ok()) << read.failure().text;
  EXPECT_GE(client.stats().retries, 1U);
}

TEST_F(TwoNodes, AWriteThatMayBeRepeatedIsButStaysUnknownWhenNoAttemptIsAnswered) {
  one_.apply([](const Asked&) { return std::nullopt; });
  two_.apply([](const Asked&) { return std::nullopt; });
  Client client(options(1s));
  const auto write = client.write(key_of(two_), "v", {.is_repeatable = true});
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().effect, Effect::unknown);
  EXPECT_GT(one_.asked("write") + two_.asked("write"), 1);
}

TEST_F(TwoNodes, ANodeThatIsGoneHasExecutedNothingAndAnotherIsAsked) {
  two_.vanish();
  Client client(options());
  const auto write = client.write(key_of(two_), "v");
  EXPECT_TRUE(write.ok()) << write.failure().text;
  EXPECT_EQ(one_.asked("write"), 1);
}

TEST_F(TwoNodes, WithoutAnyNodeACallEndsAtItsDeadlineAndWasNotExecuted) {
  one_.vanish();
  two_.vanish();
  Client client(options(1s));
  const auto write = client.write("k", "v");
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().effect, Effect::none);
  EXPECT_EQ(write.failure().kind, ErrorKind::refused);
  EXPECT_NE(write.failure().text.find(one_.address().name()), std::string::npos) << write.failure().text;
}

TEST_F(TwoNodes, ANodeThatIsSilentCostsACallItsDeadlineAndNoMore) {
  Client client(options());
  ASSERT_TRUE(client.write(key_of(two_), "v").ok());
  two_.apply([](const Asked&) { return std::string(); });
  const auto write = client.write(key_of(two_), "v", {.timeout = 500ms});
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().effect, Effect::unknown);
  EXPECT_EQ(write.failure().kind, ErrorKind::timed_out);
  // Others are not held up by it.
  EXPECT_TRUE(client.write(key_of(one_), "v").ok());
}

TEST_F(TwoNodes, AMemberThatIsInNoNetworkItselfIsPassedRound) {
  // The member that owns the key tells that it is in no network.
  two_.tell_ring({});
  Client client(options());
  EXPECT_TRUE(client.write(key_of(two_), "v").ok());
  EXPECT_EQ(one_.asked("write"), 1);
  EXPECT_EQ(two_.asked("write"), 0);
}

TEST_F(TwoNodes, AnAnswerOutOfOrderEndsTheConnectionNotTheProgram) {
  two_.apply([](Asked asked) {
    ++asked.sequence;
    return write_reply(asked);
  });
  Client client(options());
  const auto write = client.write(key_of(two_), "v");
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().effect, Effect::unknown);
  EXPECT_EQ(write.failure().kind, ErrorKind::protocol);
}

TEST_F(TwoNodes, BytesThatMakeNoSenseAreAFailureOfTheirCallOnly) {
  bool is_first = true;
  two_.apply([&](const Asked& asked) {
    return std::exchange(is_first, false) ? reply_of(asked, diststore::Store_write_result()) : write_reply(asked);
  });
  Client client(options());
  const auto write = client.write(key_of(two_), "v");
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().kind, ErrorKind::protocol);
  EXPECT_TRUE(client.write(key_of(two_), "v").ok());
}

TEST_F(TwoNodes, WhatTheStoreCouldNotDoInTimeIsUnknownForAWriteOnly) {
  for (FakeNode* node : {&one_, &two_}) node->apply(unavailable);
  Client client(options(1s));
  EXPECT_EQ(client.write("k", "v").failure().effect, Effect::unknown);
  const auto read = client.read("k");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.failure().effect, Effect::none);
  EXPECT_GT(one_.asked("read") + two_.asked("read"), 1);
}

TEST_F(TwoNodes, WhatTheStoreHasNotExecutedIsTriedAgainUntilItIs) {
  int attempts = 0;
  two_.apply([&attempts](const Asked& asked) { return ++attempts > 3 ? write_reply(asked) : not_executed(asked); });
  Client client(options());
  EXPECT_TRUE(client.write(key_of(two_), "v").ok());
  EXPECT_EQ(client.stats().retries, 3U);
}

TEST_F(TwoNodes, AndHasSurelyNotHappenedWhenTheTimeIsOver) {
  for (FakeNode* node : {&one_, &two_}) node->apply(not_executed);
  Client client(options(1s));
  const auto write = client.write("k", "v");
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().effect, Effect::none);
  EXPECT_GT(client.stats().retries, 1U);
}

// What an earlier attempt may have done, no later one undoes.
TEST_F(TwoNodes, AWriteThatWasLostOnceIsUnknownWhateverIsSaidOfItLater) {
  int attempts = 0;
  const auto script = [&attempts](const Asked& asked) {
    return ++attempts == 1 ? unavailable(asked) : not_executed(asked);
  };
  for (FakeNode* node : {&one_, &two_}) node->apply(script);
  Client client(options(1s));
  const auto write = client.write(key_of(two_), "v", {.is_repeatable = true});
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().effect, Effect::unknown);
}

TEST_F(TwoNodes, AnyOtherExceptionOfAServiceLeavesOpenWhatHappened) {
  two_.apply([](const Asked& asked) { return exception_of(asked, kInternalError, "no answer within call_timeout"); });
  Client client(options());
  const auto write = client.write(key_of(two_), "v");
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().effect, Effect::unknown);
}

TEST_F(TwoNodes, AServiceThatFailsIsNotAskedAgainEvenForWhatMayBeRepeated) {
  two_.apply([](const Asked& asked) { return exception_of(asked, kInternalError, "the handler threw"); });
  Client client(options());
  EXPECT_EQ(client.write(key_of(two_), "v", {.is_repeatable = true}).failure().effect, Effect::unknown);
  EXPECT_FALSE(client.read(key_of(two_)).ok());
  EXPECT_EQ(client.stats().retries, 0U);
}

TEST_F(TwoNodes, ACallWithoutAReadableKeyIsRefusedOnceAndSurelyNotExecuted) {
  two_.apply([](const Asked& asked) { return exception_of(asked, kProtocolError, "p2p:no-key: diststore:write: x"); });
  Client client(options());
  const auto write = client.write(key_of(two_), "v", {.is_repeatable = true});
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.failure().effect, Effect::none);
  EXPECT_EQ(write.failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.stats().retries, 0U);
}

TEST_F(TwoNodes, WhatWasNotExecutedIsTriedAgainUntilItIs) {
  for (const char* text : {"p2p:not-executed: no owner", "p2p:overloaded: 10 calls wait already"}) {
    int left = 3;
    two_.apply([&](const Asked& asked) {
      return left-- > 0 ? exception_of(asked, kInternalError, text) : write_reply(asked);
    });
    Client client(options(1h));
    EXPECT_TRUE(client.write(key_of(two_), "v").ok()) << text;
    EXPECT_EQ(client.stats().retries, 3U) << text;
  }
}

TEST_F(TwoNodes, WhatIsNotExecutedUntilItsDeadlineWasSurelyNotExecuted) {
  for (FakeNode* node : {&one_, &two_}) {
    node->apply([](const Asked& asked) { return exception_of(asked, kInternalError, "p2p:not-executed: no owner"); });
  }
  Client client(options());
  // The deadlines are spread over the pauses: whoever is just asking when its own comes does not know.
  std::vector<std::future<Outcome<Written>>> writes;
  for (int number = 1; number <= 10; ++number) {
    writes.push_back(client.write_future(key_of(two_), "v", {.timeout = number * 50ms}));
  }
  int surely_not = 0;
  for (auto& future : writes) {
    const auto write = future.get();
    ASSERT_FALSE(write.ok());
    if (write.failure().text.find("p2p:not-executed: no owner") == std::string::npos) continue;
    ++surely_not;
    EXPECT_EQ(write.failure().effect, Effect::none);
    EXPECT_EQ(write.failure().kind, ErrorKind::unreachable);
  }
  EXPECT_GT(surely_not, 0);
  EXPECT_GE(client.stats().retries, writes.size());
}

TEST_F(TwoNodes, WhatANodeHasLostSightOfIsTriedAgainWhereThatDoesNoHarmAndStaysUnknown) {
  int left = 2;
  two_.apply([&](const Asked& asked) {
    if (left-- > 0) return exception_of(asked, kInternalError, "p2p:unknown-outcome: no answer");
    return exception_of(asked, kProtocolError, "the arguments could not be read");
  });
  Client client(options());
  const auto once = client.write(key_of(two_), "v");
  ASSERT_FALSE(once.ok());
  EXPECT_EQ(once.failure().effect, Effect::unknown);
  EXPECT_EQ(client.stats().retries, 0U);
  // What an earlier attempt may have done is not undone by a later refusal.
  const auto twice = client.write(key_of(two_), "v", {.is_repeatable = true});
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.failure().effect, Effect::unknown);
  EXPECT_EQ(client.stats().retries, 1U);
}

TEST_F(TwoNodes, ABatchIsSplitByOwnerAndJoinedInOrder) {
  for (FakeNode* node : {&one_, &two_}) {
    node->apply([name = node->address().name()](const Asked& asked) {
      Codec codec;
      codec.in().attach(asked.arguments);
      diststore::Store_read_many_args args;
      args.read(&codec.binary_in());
      diststore::Store_read_many_result result;
      result.__isset.success = true;
      for (const std::string& key : args.keys) {
        diststore::ReadResult& one = result.success.emplace_back();
        one.found = true;
        one.__set_value(key + "@" + name);
      }
      return reply_of(asked, result);
    });
  }
  Client client(options());
  std::vector<std::string> keys;
  for (int number = 0; number < 200; ++number) keys.push_back("k" + std::to_string(number));
  const auto owners = client.owners_of(keys).value();
  const auto read = client.read_many(keys);
  ASSERT_EQ(read.size(), keys.size());
  for (std::size_t at = 0; at < keys.size(); ++at) {
    EXPECT_EQ(read[at].value().value, keys[at] + "@" + owners[at].name());
  }
  EXPECT_EQ(one_.asked("read_many"), 1);
  EXPECT_EQ(two_.asked("read_many"), 1);
  EXPECT_TRUE(client.read_many({}).empty());
}

TEST_F(TwoNodes, APartOfABatchFailsAlone) {
  two_.apply([](const Asked&) { return std::nullopt; });
  one_.apply([](const Asked& asked) {
    diststore::Store_write_many_result result;
    result.__isset.success = true;
    result.success.resize(1);
    return reply_of(asked, result);
  });
  Client client(options());
  const auto written = client.write_many({{key_of(two_), "v"}, {key_of(one_), "v"}});
  ASSERT_FALSE(written[0].ok());
  EXPECT_EQ(written[0].failure().effect, Effect::unknown);
  EXPECT_TRUE(written[1].ok());
}

TEST_F(TwoNodes, AnyServiceIsCalledByTheOwnerOfAKey) {
  two_.apply([](const Asked& asked) -> std::optional<std::string> {
    EXPECT_EQ(asked.service, "other");
    diststore::Store_get_result result;
    result.__isset.success = true;
    result.success = "of two";
    return reply_of(asked, result);
  });
  Client client(options());
  const std::string message = encode_call("get", diststore::Store_get_args());
  const std::string key = key_of(two_);
  const auto reply = client.call({.service = "other", .key = key, .message = message});
  ASSERT_TRUE(reply.ok()) << reply.failure().text;
  EXPECT_EQ(decode_reply<diststore::Store_get_result>(reply.value()).value().success, "of two");
  const auto refused = client.call({.service = "other", .key = key, .message = "nonsense"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().kind, ErrorKind::invalid);
}

TEST_F(TwoNodes, ACallInAnAnswerMayTakeThePlaceOfItsConnectionNotOfItsBytes) {
  // Long enough that its memory is a mapping of its own, which is gone as soon as it is freed.
  const std::string value(1024 * 1024, 'v');
  one_.apply([&](const Asked& asked) { return read_reply(asked, value, FakeNode::view_of(members_)); });
  Options one_connection = options();
  one_connection.connections_max = 1;
  Client client(one_connection);
  const std::string message = encode_call("read", diststore::Store_read_args());
  const std::string key = key_of(one_);
  const std::string other_key = key_of(two_);
  std::promise<std::string> read;
  std::promise<bool> written;
  client.call({.service = "diststore", .key = key, .message = message}, [&](Outcome<std::string_view> reply) {
    client.write(other_key, "v", [&](const Outcome<Written>& told) { written.set_value(told.ok()); });
    const auto result = decode_reply<diststore::Store_read_result>(reply.ok() ? reply.value() : "");
    read.set_value(result.ok() ? result.value().success.value : "");
  });
  EXPECT_TRUE(read.get_future().get() == value);
  EXPECT_TRUE(written.get_future().get());
  EXPECT_EQ(two_.asked("write"), 1);
}

TEST_F(TwoNodes, MoreCallsThanTheLimitsAllowAreRefusedNotQueued) {
  two_.apply([](const Asked&) { return std::string(); });
  auto limited = options(1s);
  limited.node_calls_max = 10;
  Client client(limited);
  std::vector<std::future<Outcome<Written>>> writes;
  for (int count = 0; count < 20; ++count) writes.push_back(client.write_future(key_of(two_), "v"));
  int overloaded = 0;
  for (auto& write : writes) {
    const auto outcome = write.get();
    ASSERT_FALSE(outcome.ok());
    if (outcome.failure().kind != ErrorKind::overloaded) continue;
    EXPECT_EQ(outcome.failure().effect, Effect::none);
    ++overloaded;
  }
  EXPECT_EQ(overloaded, 10);
}

TEST_F(TwoNodes, OpenCallsEndWithTheClient) {
  two_.apply([](const Asked&) { return std::string(); });
  std::future<Outcome<Written>> write;
  {
    Client client(options(1h));
    write = client.write_future(key_of(two_), "v");
    while (two_.asked("write") == 0) std::this_thread::yield();
  }
  const auto outcome = write.get();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.failure().kind, ErrorKind::cancelled);
  EXPECT_EQ(outcome.failure().effect, Effect::unknown);
}

TEST(LoneNode, ThatCannotTellTheRingIsAskedEverything) {
  FakeNode node;
  node.apply(write_reply);
  Client client({.seeds = {node.address()}});
  EXPECT_TRUE(client.write("k", "v").ok());
  const auto owner = client.owner_of("k");
  ASSERT_FALSE(owner.ok());
  EXPECT_EQ(owner.failure().kind, ErrorKind::unsupported);
}

TEST(LoneNode, AClientWithoutSeedsFailsAtItsDeadline) {
  Client client({.seeds = {}, .timeout = 50ms});
  EXPECT_EQ(client.read("k").failure().effect, Effect::none);
}

}  // namespace
}  // namespace p2p::client::test
