// What becomes of a batch whose parts are too much for one call?
#include "two_nodes.h"

#include <p2p/client.h>

#include <Store.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::client::test {
namespace {

using diststore::StoreErrorKind;

constexpr std::size_t kKeys = 100;
constexpr char kTooLong[] = "too long ";  // keys that begin so are not taken by the store

template <class Args>
Args arguments_of(const Asked& asked) {
  Codec codec;
  codec.in().attach(asked.arguments);
  Args args;
  args.read(&codec.binary_in());
  return args;
}

template <class GeneratedResult>
std::string refusal(const Asked& asked, StoreErrorKind::type kind) {
  GeneratedResult result;
  result.__isset.error = true;
  result.error.kind = kind;
  result.error.message = "refused";
  return reply_of(asked, result);
}

// Nodes that have something against all batches of more than so many keys.
class BatchHalving : public TwoNodes {
 protected:
  void limit_reads(std::size_t keys_max, StoreErrorKind::type kind) {
    each([keys_max, kind](const Asked& asked) -> std::optional<std::string> {
      const auto args = arguments_of<diststore::Store_read_many_args>(asked);
      if (args.keys.size() > keys_max) return refusal<diststore::Store_read_many_result>(asked, kind);
      diststore::Store_read_many_result result;
      result.__isset.success = true;
      for (const std::string& key : args.keys) {
        diststore::ReadResult& one = result.success.emplace_back();
        one.found = true;
        one.__set_value("value of " + key);
      }
      return reply_of(asked, result);
    });
  }

  void each(const Script& script) {
    for (FakeNode* node : {&one_, &two_}) node->apply(script);
  }

  int asked(const std::string& method) const { return one_.asked(method) + two_.asked(method); }

  static std::vector<std::string> some_keys() {
    std::vector<std::string> keys;
    for (std::size_t number = 0; number < kKeys; ++number) keys.push_back("k" + std::to_string(number));
    return keys;
  }
};

// Stored, but for keys that the store does not take.
std::string write_items(const Asked& asked) {
  const auto args = arguments_of<diststore::Store_write_many_args>(asked);
  for (const auto& item : args.items) {
    if (item.key.starts_with(kTooLong))
      return refusal<diststore::Store_write_many_result>(asked, StoreErrorKind::too_large);
  }
  diststore::Store_write_many_result result;
  result.__isset.success = true;
  result.success.resize(args.items.size());
  return reply_of(asked, result);
}

TEST_F(BatchHalving, ReadsInPiecesWhatOneReplyCannotCarry) {
  for (const auto kind : {StoreErrorKind::too_large, StoreErrorKind::too_many}) {
    limit_reads(7, kind);
    Client client(options());
    const auto keys = some_keys();
    const auto read = client.read_many(keys);
    ASSERT_EQ(read.size(), keys.size());
    for (std::size_t at = 0; at < keys.size(); ++at) {
      ASSERT_TRUE(read[at].ok()) << read[at].failure().text;
      EXPECT_EQ(read[at].value().value, "value of " + keys[at]);
    }
  }
}

TEST_F(BatchHalving, EndsAtSingleKeysWithFewerThanTwoCallsAKey) {
  limit_reads(0, StoreErrorKind::too_large);
  Client client(options());
  for (const auto& read : client.read_many(some_keys())) {
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.failure().kind, ErrorKind::invalid);
    EXPECT_EQ(read.failure().effect, Effect::none);
    EXPECT_EQ(read.failure().text, "refused");
  }
  EXPECT_EQ(asked("read_many"), 2 * static_cast<int>(kKeys) - 2);  // two parts, each of one call fewer
}

TEST_F(BatchHalving, FailsOnlyTheItemThatTheStoreDoesNotTake) {
  each(write_items);
  std::vector<Item> items;
  for (const std::string& key : some_keys()) items.push_back({key, "v"});
  items[kKeys / 3].key = kTooLong;
  Client client(options());
  const auto written = client.write_many(items);
  for (std::size_t at = 0; at < items.size(); ++at) EXPECT_EQ(written[at].ok(), items[at].key != kTooLong) << at;
  EXPECT_EQ(written[kKeys / 3].failure().kind, ErrorKind::invalid);
  EXPECT_EQ(written[kKeys / 3].failure().effect, Effect::none);
}

TEST_F(BatchHalving, ForgetsNoAttemptThatMayHaveBeenExecuted) {
  bool is_first = true;
  two_.apply([&](const Asked& asked) -> std::optional<std::string> {
    if (std::exchange(is_first, false)) return std::nullopt;
    return write_items(asked);
  });
  one_.apply(write_items);
  Client client(options());
  const auto written = client.write_many({{key_of(two_), "v"}, {key_of(two_, kTooLong), "v"}}, {.is_repeatable = true});
  EXPECT_TRUE(written[0].ok());
  ASSERT_FALSE(written[1].ok());
  EXPECT_EQ(written[1].failure().effect, Effect::unknown);
}

TEST_F(BatchHalving, SendsNoMoreAtOnceThanTheClientMay) {
  each(write_items);
  std::vector<Item> items;
  for (const std::string& key : some_keys()) items.push_back({key, std::string(100, 'v')});
  auto limited = options();
  limited.request_bytes_max = 1'000;
  Client client(limited);
  for (const auto& written : client.write_many(items)) EXPECT_TRUE(written.ok());
  EXPECT_GT(asked("write_many"), 10);
  EXPECT_LT(asked("write_many"), static_cast<int>(kKeys));
}

}  // namespace
}  // namespace p2p::client::test
