// Writes and erases that have a name are tried again when they may have been executed (docs/decisions/0044).
#include "rules/operations.h"
#include "two_nodes.h"

#include <p2p/client.h>

#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace p2p::client::test {
namespace {

// --- names -----------------------------------------------------------------------------------------------------------

TEST(OperationNames, NumbersRiseAndFollowTheClock) {
  OperationNames names(7);
  EXPECT_EQ(names.next(100).number, 100U);
  EXPECT_EQ(names.next(100).number, 101U);
  EXPECT_EQ(names.next(50).number, 102U) << "the clock was set back";
  EXPECT_EQ(names.next(500).number, 500U);
  EXPECT_EQ(names.next(500).client, 7U);
}

TEST(OperationNames, AClockThatIsBehindIsMadeUpForOnce) {
  OperationNames names(7);
  const OperationId refused = names.next(100);
  const OperationId renamed = names.next_above(1000, refused.number, 110);
  EXPECT_EQ(renamed.number, 1001U);
  EXPECT_EQ(names.next(160).number, 1051U);
  EXPECT_EQ(names.next_above(900, 800, 170).number, 1061U) << "it is above that already";
}

TEST(OperationNames, AClockThatIsAheadIsMadeUpForUnderAnotherName) {
  OperationNames names(7);
  const OperationId refused = names.next(1'000'000);
  const OperationId renamed = names.next_above(1000, refused.number, 1'000'010);
  EXPECT_EQ(renamed.number, 1001U);
  EXPECT_NE(renamed.client, 7U) << "7 may have had that number";
  EXPECT_EQ(names.next(1'000'060).number, 1051U);
}

// --- attempts --------------------------------------------------------------------------------------------------------

class ClientOperations : public TwoNodes {
 protected:
  ~ClientOperations() override {
    for (FakeNode* node : {&one_, &two_}) serve(*node);  // a late attempt finds no script whose test has ended
  }

  // What is asked of both nodes is answered by `script(number of the attempt, question)`.
  template <class Args, class Answer>
  void script(Answer answer) {
    for (FakeNode* node : {&one_, &two_}) {
      node->tell_level(level_);
      node->apply([this, answer](const Asked& asked) -> std::optional<std::string> {
        const std::lock_guard hold(mutex_);
        Args arguments;
        Codec codec;
        codec.in().attach(asked.arguments);
        arguments.read(&codec.binary_in());
        seen_.push_back(arguments.options);
        return answer(seen_.size(), asked);
      });
    }
  }
  // As the nodes have seen them until now.
  std::vector<diststore::WriteOptions> seen() {
    const std::lock_guard hold(mutex_);
    return seen_;
  }
  // A client that knows what the network can do.
  void learn(Client& client) { ASSERT_TRUE(client.ring().ok()); }

  std::string refusal(const Asked& asked, diststore::StoreErrorKind::type kind, std::int64_t highest = 0) {
    diststore::Store_write_result result;
    result.__isset.error = true;
    result.error.kind = kind;
    if (highest != 0) result.error.__set_operations_highest(highest);
    return reply_of(asked, result);
  }

  std::int32_t level_ = 2;
  std::mutex mutex_;
  std::vector<diststore::WriteOptions> seen_;
};

TEST_F(ClientOperations, AWriteIsTriedAgainUnderItsName) {
  script<diststore::Store_write_args>([this](std::size_t attempt, const Asked& asked) -> std::optional<std::string> {
    if (attempt == 1) return std::nullopt;  // the node dies
    if (attempt == 2) return refusal(asked, diststore::StoreErrorKind::unavailable);
    return write_reply(asked);
  });
  Client client(options());
  learn(client);
  const auto written = client.write(key_of(two_), "v", {.ttl = std::chrono::seconds(1)});
  ASSERT_TRUE(written.ok()) << written.failure().text;
  ASSERT_EQ(seen().size(), 3U);
  EXPECT_FALSE(seen()[0].operation.again);
  EXPECT_TRUE(seen()[1].operation.again);
  EXPECT_TRUE(seen()[2].operation.again);
  EXPECT_GT(seen()[0].operation.number, 1'600'000'000'000'000);
  for (const auto& options : seen()) {
    EXPECT_EQ(options.operation.client, seen()[0].operation.client);
    EXPECT_EQ(options.operation.number, seen()[0].operation.number);
    EXPECT_EQ(options.ttl_ms, 1000);
  }
  ASSERT_TRUE(client.write(key_of(one_), "v").ok());
  EXPECT_GT(seen()[3].operation.number, seen()[0].operation.number);
  EXPECT_FALSE(seen()[3].operation.again);
}

TEST_F(ClientOperations, WhatWasSurelyNotExecutedIsNoOtherAttempt) {
  script<diststore::Store_write_args>([this](std::size_t attempt, const Asked& asked) -> std::optional<std::string> {
    if (attempt == 1) return refusal(asked, diststore::StoreErrorKind::not_executed);
    return write_reply(asked);
  });
  Client client(options());
  learn(client);
  ASSERT_TRUE(client.write(key_of(two_), "v").ok());
  ASSERT_EQ(seen().size(), 2U);
  EXPECT_FALSE(seen()[1].operation.again);
  EXPECT_EQ(seen()[1].operation.number, seen()[0].operation.number);
}

TEST_F(ClientOperations, AnEraseWithAConditionIsTriedAgainAndItsFailureHoldsForAllAttempts) {
  script<diststore::Store_erase_args>([this](std::size_t attempt, const Asked& asked) -> std::optional<std::string> {
    if (attempt == 1) return std::nullopt;
    return refusal(asked, diststore::StoreErrorKind::condition_failed);
  });
  Client client(options());
  learn(client);
  const auto erased = client.erase(key_of(two_), {.if_version = Version{1, 1}});
  ASSERT_FALSE(erased.ok());
  EXPECT_TRUE(erased.failure().is_condition_failed);
  EXPECT_EQ(erased.failure().effect, Effect::none);
  ASSERT_EQ(seen().size(), 2U);
  EXPECT_TRUE(seen()[1].operation.again);
  EXPECT_EQ(seen()[1].if_version.node, 1);
}

TEST_F(ClientOperations, ANumberThatIsTooLowIsReplacedWhereNothingHasBeenDone) {
  const std::int64_t highest = std::int64_t{1} << 60;
  script<diststore::Store_write_args>([=, this](std::size_t attempt, const Asked& asked) -> std::optional<std::string> {
    if (attempt == 1) return refusal(asked, diststore::StoreErrorKind::operation_forgotten, highest);
    return write_reply(asked);
  });
  Client client(options());
  learn(client);
  ASSERT_TRUE(client.write(key_of(two_), "v").ok());
  ASSERT_EQ(seen().size(), 2U);
  EXPECT_GT(seen()[1].operation.number, highest);
  EXPECT_FALSE(seen()[1].operation.again);
  ASSERT_TRUE(client.write(key_of(two_), "v").ok());
  EXPECT_GT(seen()[2].operation.number, seen()[1].operation.number) << "the clock is made up for";
}

TEST_F(ClientOperations, WhatIsForgottenAfterAnUnknownOutcomeStaysUnknown) {
  script<diststore::Store_write_args>([this](std::size_t attempt, const Asked& asked) -> std::optional<std::string> {
    if (attempt == 1) return std::nullopt;
    return refusal(asked, diststore::StoreErrorKind::operation_forgotten, std::int64_t{1} << 60);
  });
  Client client(options());
  learn(client);
  const auto written = client.write(key_of(two_), "v");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.failure().effect, Effect::unknown);
  EXPECT_EQ(seen().size(), 2U);
}

TEST_F(ClientOperations, WhereNotAllMembersKnowNamesThereAreNone) {
  level_ = 1;
  script<diststore::Store_write_args>([](std::size_t, const Asked&) { return std::nullopt; });
  Client client(options());
  learn(client);
  EXPECT_EQ(client.write(key_of(two_), "v").failure().effect, Effect::unknown);
  ASSERT_EQ(seen().size(), 1U);
  EXPECT_FALSE(seen()[0].__isset.operation);
}

}  // namespace
}  // namespace p2p::client::test
