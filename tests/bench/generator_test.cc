// The generator's own rules: where replies end, which of them are good, and what a histogram answers.
#include "generator/histogram.h"
#include "generator/requests.h"
#include "generator/wire.h"

#include <Store.h>
#include <gtest/gtest.h>
#include <p2p/handlers.h>

namespace p2p::bench {
namespace {

const std::string kValue(100, 'v');

template <class Result>
std::string thrift_reply(const std::string& method, const Result& result) {
  Codec codec;
  codec.binary_out().writeMessageBegin(method, apache::thrift::protocol::T_REPLY, 0);
  result.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

std::string frame(const std::string& message) {
  return std::string{0, 0, static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} + message;
}

std::string read_reply(const std::string& value) {
  diststore::Store_read_result result;
  result.success.found = true;
  result.success.__set_value(value);
  result.__isset.success = true;
  return frame(thrift_reply("read", result));
}

// Every cut of the reply is incomplete, and bytes behind it do not matter.
void expect_whole_reply_is_good(const Wire& wire, const std::string& reply) {
  for (std::size_t length = 0; length < reply.size(); ++length) {
    EXPECT_FALSE(wire.reply(std::string_view(reply).substr(0, length))) << "cut at " << length;
  }
  const auto answer = wire.reply(reply + reply);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->length, reply.size());
  EXPECT_TRUE(answer->good);
}

TEST(BenchWire, ARedisReplyEndsWhereItsValueEnds) {
  expect_whole_reply_is_good(*redis_get(kValue), "$100\r\n" + kValue + "\r\n");
  expect_whole_reply_is_good(*redis_set(kValue), "+OK\r\n");
}

TEST(BenchWire, AMissingKeyOrAnErrorOfRedisIsNoGoodReply) {
  EXPECT_FALSE(redis_get(kValue)->reply("$-1\r\n")->good);
  EXPECT_FALSE(redis_set(kValue)->reply("-ERR no room\r\n")->good);
}

TEST(BenchWire, AFramedReplyEndsWhereItsFrameEnds) { expect_whole_reply_is_good(*framed_read(kValue), read_reply(kValue)); }

TEST(BenchWire, AReadThatBringsNoValueIsNoGoodReply) { EXPECT_FALSE(framed_read(kValue)->reply(read_reply(""))->good); }

TEST(BenchWire, AWriteIsGoodUnlessItBringsAnError) {
  diststore::Store_write_result result;
  result.__isset.success = true;
  expect_whole_reply_is_good(*framed_write(kValue), frame(thrift_reply("write", result)));

  result.__isset.success = false;
  result.__isset.error = true;
  EXPECT_FALSE(framed_write(kValue)->reply(frame(thrift_reply("write", result)))->good);
}

TEST(BenchWire, AnUnframedReplyEndsWhereItsMessageEnds) {
  diststore::Store_get_result result;
  result.success = kValue;
  result.__isset.success = true;
  expect_whole_reply_is_good(*classic_get(kValue), thrift_reply("get", result));
}

TEST(BenchRequests, KeysHaveTheWantedSizeAndComeInOrder) {
  EXPECT_EQ(Requests::key(42, 16), "key:000000000042");
  const auto wire = redis_get(kValue);
  Requests requests(*wire, 2, 16, KeyOrder::sequential);
  EXPECT_EQ(requests.next(), wire->request("key:000000000000"));
  EXPECT_EQ(requests.next(), wire->request("key:000000000001"));
  EXPECT_EQ(requests.next(), wire->request("key:000000000000"));
}

TEST(BenchHistogram, QuantilesLieWithinAThirtySecondOfTheTruth) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 100'000; ++value) histogram.record(value);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.50)), 50'000, 50'000 / 32.0 + 1);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99)), 99'000, 99'000 / 32.0 + 1);
}

TEST(BenchHistogram, AnswersNothingWhenNothingWasRecorded) { EXPECT_EQ(Histogram().quantile(0.5), 0u); }

TEST(BenchHistogram, CountsWhatIsTooLongAsTheLongest) {
  Histogram histogram;
  histogram.record(UINT64_MAX);
  EXPECT_GT(histogram.quantile(1.0), std::uint64_t{60} * 1'000'000'000);
}

}  // namespace
}  // namespace p2p::bench
