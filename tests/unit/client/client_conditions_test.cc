// Writes and erases with a condition: how it travels, what is told when it is not met, and that such a call is made
// once.
#include "two_nodes.h"

#include <p2p/client.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace p2p::client::test {
namespace {

TEST_F(TwoNodes, AConditionIsSentAndWhatIsThereInsteadIsTold) {
  std::vector<diststore::WriteOptions> seen;
  two_.apply([&seen](const Asked& asked) {
    diststore::Store_write_args arguments;
    Codec codec;
    codec.in().attach(asked.arguments);
    arguments.read(&codec.binary_in());
    seen.push_back(arguments.options);
    diststore::Store_write_result result;
    result.__isset.error = true;
    result.error.kind = diststore::StoreErrorKind::condition_failed;
    if (seen.size() > 1) result.error.__set_version(arguments.options.if_version);
    return reply_of(asked, result);
  });
  Client client(options());
  const auto absent = client.write(key_of(two_), "v", {.if_absent = true});
  ASSERT_FALSE(absent.ok());
  EXPECT_TRUE(absent.failure().is_condition_failed);
  EXPECT_EQ(absent.failure().effect, Effect::none);
  EXPECT_FALSE(absent.failure().there);
  const auto other = client.write(key_of(two_), "v", {.if_version = Version{3, 17}});
  EXPECT_EQ(other.failure().there, (Version{3, 17}));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[0].if_absent);
  EXPECT_FALSE(seen[0].__isset.if_version);
  EXPECT_EQ(seen[1].if_version.node, 17);
  EXPECT_EQ(client.stats().retries, 0U);
}

TEST_F(TwoNodes, AConditionalCallIsNeverRepeatedWhenItMayHaveBeenExecuted) {
  two_.apply([](const Asked&) { return std::nullopt; });
  Client client(options());
  const CallOptions absent{.is_repeatable = true, .if_absent = true};
  EXPECT_EQ(client.write(key_of(two_), "v", absent).failure().effect, Effect::unknown);
  EXPECT_EQ(client.erase(key_of(two_), {.is_repeatable = true, .if_version = Version{1, 1}}).failure().effect,
            Effect::unknown);
  EXPECT_EQ(one_.asked("write") + two_.asked("write"), 1);
  EXPECT_EQ(one_.asked("erase") + two_.asked("erase"), 1);
}

TEST_F(TwoNodes, ATimeToLiveIsSentInWholeMillisecondsWithEveryPartOfABatch) {
  std::mutex mutex;  // each node has a thread
  std::vector<std::int64_t> seen;
  const auto note = [&](FakeNode& node) {
    node.apply([&](const Asked& asked) -> std::optional<std::string> {
      const std::lock_guard hold(mutex);
      Codec codec;
      codec.in().attach(asked.arguments);
      if (asked.method == "write_many") {
        diststore::Store_write_many_args arguments;
        arguments.read(&codec.binary_in());
        seen.push_back(arguments.options.ttl_ms);
        diststore::Store_write_many_result result;
        result.success.resize(arguments.items.size());
        result.__isset.success = true;
        return reply_of(asked, result);
      }
      diststore::Store_write_args arguments;
      arguments.read(&codec.binary_in());
      seen.push_back(arguments.options.__isset.ttl_ms ? arguments.options.ttl_ms : -1);
      diststore::Store_write_result result;
      result.__isset.success = true;
      return reply_of(asked, result);
    });
  };
  note(one_);
  note(two_);
  Client client(options());
  using namespace std::chrono_literals;
  EXPECT_TRUE(client.write(key_of(two_), "v", {.ttl = 1500ms}).ok());
  EXPECT_TRUE(client.write(key_of(two_), "v", {.ttl = 1ns}).ok());
  EXPECT_TRUE(client.write(key_of(two_), "v").ok());
  for (const auto& written : client.write_many({{key_of(one_), "v"}, {key_of(two_), "w"}}, {.ttl = 7ms}))
    EXPECT_TRUE(written.ok());
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1500, 1, -1, 7, 7}));
}

TEST_F(TwoNodes, ATimeToLiveWhereNoneBelongsOrThatIsNoneIsRejected) {
  Client client(options());
  using namespace std::chrono_literals;
  const CallOptions for_a_while{.ttl = 5s};
  EXPECT_EQ(client.read("k", for_a_while).failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.erase("k", for_a_while).failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.read_many({"k"}, for_a_while).front().failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.erase_many({"k"}, for_a_while).front().failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.scan("", {}, for_a_while).failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.call({"s", "k", "m"}, for_a_while).failure().kind, ErrorKind::invalid);
  for (const Duration wrong : {Duration(0s), Duration(-1s), Duration(24h * 36'501)}) {
    EXPECT_EQ(client.write("k", "v", {.ttl = wrong}).failure().effect, Effect::none);
    EXPECT_EQ(client.write_many({{"k", "v"}}, {.ttl = wrong}).front().failure().kind, ErrorKind::invalid);
  }
  EXPECT_EQ(one_.asked("write") + two_.asked("write"), 0);
}

TEST_F(TwoNodes, AReadOfAnyCopyGoesToAnyNodeOrToTheOneThatIsNamedAndTellsItsAge) {
  const auto answer = [](FakeNode& node) {
    node.apply([](const Asked& asked) {
      Codec codec;
      codec.in().attach(asked.arguments);
      diststore::Store_read_args arguments;
      arguments.read(&codec.binary_in());
      diststore::Store_read_result result;
      result.success.found = true;
      result.success.__set_value(arguments.key);
      if (arguments.options.any_copy) result.success.__set_stale_ms_max(40);
      result.__isset.success = true;
      return reply_of(asked, result);
    });
  };
  answer(one_);
  answer(two_);
  Client client(options());
  for (int times = 0; times < 30; ++times) {
    const auto read = client.read(key_of(two_), {.any_copy = true});
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read.value().value, key_of(two_));
    EXPECT_EQ(read.value().stale_max, std::chrono::milliseconds(40));
  }
  EXPECT_GT(one_.asked("read"), 0);
  EXPECT_GT(two_.asked("read"), 0);
  const auto before = one_.asked("read");
  EXPECT_TRUE(client.read(key_of(two_), {.any_copy = true, .any_copy_at = one_.address()}).ok());
  EXPECT_EQ(one_.asked("read"), before + 1);
  EXPECT_FALSE(client.read(key_of(two_)).value().stale_max);
}

TEST_F(TwoNodes, OnlyAReadOfOneKeyMayBeAnsweredByAnyCopy) {
  Client client(options());
  const CallOptions any{.any_copy = true};
  EXPECT_EQ(client.write("k", "v", any).failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.erase("k", any).failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.read_many({"k"}, any).front().failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.scan("", {}, any).failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.call({"s", "k", "m"}, any).failure().kind, ErrorKind::invalid);
}

TEST_F(TwoNodes, AConditionWhereNoneBelongsIsRejected) {
  Client client(options());
  const CallOptions absent{.if_absent = true};
  EXPECT_EQ(client.read("k", absent).failure().kind, ErrorKind::invalid);
  EXPECT_EQ(client.write("k", "v", {.if_version = Version{1, 1}, .if_absent = true}).failure().kind,
            ErrorKind::invalid);
  const auto batch = client.erase_many({"k", "l"}, absent);
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[1].failure().kind, ErrorKind::invalid);
  EXPECT_EQ(one_.asked("write") + two_.asked("write"), 0);
}

}  // namespace
}  // namespace p2p::client::test
