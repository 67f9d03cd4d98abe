// The generator's own rules: where replies end, which of them are good, what fails and how, and what a histogram
// answers.
#include "generator/peer_wires.h"
#include "load/histogram.h"
#include "load/requests.h"
#include "load/wire.h"

#include <Counter.h>
#include <Store.h>
#include <gtest/gtest.h>
#include <p2p/handlers.h>

namespace p2p::bench {
namespace {

using namespace p2p::load;

const Dataset kData;
constexpr std::uint64_t kNumber = 42;

template <class Result>
std::string thrift_reply(const std::string& method, const Result& result, std::int32_t sequence = kNumber,
                         apache::thrift::protocol::TMessageType type = apache::thrift::protocol::T_REPLY) {
  Codec codec;
  codec.binary_out().writeMessageBegin(method, type, sequence);
  result.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

std::string frame(const std::string& message) {
  return std::string{0, 0, static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} + message;
}

std::string read_reply(const std::string& value, std::int32_t sequence = kNumber) {
  diststore::Store_read_result result;
  result.success.found = true;
  result.success.__set_value(value);
  result.__isset.success = true;
  return frame(thrift_reply("read", result, sequence));
}

template <class Result>
std::string error_reply(const std::string& method, diststore::StoreErrorKind::type kind) {
  Result result;
  result.error.kind = kind;
  result.error.message = "because";
  result.__isset.error = true;
  return frame(thrift_reply(method, result));
}

std::unique_ptr<Wire> read_wire(ValueCheck check = ValueCheck::size) { return framed_read(kData, "diststore:", check); }

std::string request_of(const Wire& wire, std::uint64_t number) {
  std::string request;
  wire.request(number, request);
  return request;
}

Verdict verdict_of(const Wire& wire, const std::string& reply) { return wire.reply(reply, kNumber)->verdict; }

// Every cut of the reply is incomplete, and bytes behind it do not matter.
void expect_whole_reply_is_good(const Wire& wire, const std::string& reply) {
  for (std::size_t length = 0; length < reply.size(); ++length) {
    EXPECT_FALSE(wire.reply(std::string_view(reply).substr(0, length), kNumber)) << "cut at " << length;
  }
  const auto answer = wire.reply(reply + reply, kNumber);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->length, reply.size());
  EXPECT_EQ(answer->verdict, Verdict::good) << answer->words;
}

TEST(BenchWire, ARedisReplyEndsWhereItsValueEnds) {
  const std::string reply = "$100\r\n" + kData.value(kNumber) + "\r\n";
  expect_whole_reply_is_good(*redis_get(kData, ValueCheck::size), reply);
  expect_whole_reply_is_good(*redis_get(kData, ValueCheck::bytes), reply);
  expect_whole_reply_is_good(*redis_set(kData), "+OK\r\n");
}

TEST(BenchWire, AMissingKeyOrAnErrorOfRedisIsNoGoodReply) {
  EXPECT_EQ(verdict_of(*redis_get(kData, ValueCheck::size), "$-1\r\n"), Verdict::missing);
  EXPECT_EQ(verdict_of(*redis_set(kData), "-ERR no room\r\n"), Verdict::refused);
}

TEST(BenchWire, ASetThatWaitsIsGoodOnceAReplicaHasIt) {
  const auto wire = redis_set_and_wait(kData);
  EXPECT_FALSE(wire->reply("+OK\r\n", 1)) << "the answer to WAIT is missing";
  const auto done = wire->reply("+OK\r\n:1\r\n+OK", 1);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->length, 9u);
  EXPECT_EQ(done->verdict, Verdict::good);
  EXPECT_EQ(wire->reply("+OK\r\n:0\r\n", 1)->verdict, Verdict::refused);
  EXPECT_EQ(wire->reply("-READONLY\r\n:1\r\n", 1)->verdict, Verdict::refused);
}

TEST(BenchWire, AReplyOfMemcachedEndsWhereItsEndStands) {
  const std::string reply = "VALUE key:000000000042 0 100\r\n" + kData.value(kNumber) + "\r\nEND\r\n";
  expect_whole_reply_is_good(*memcached_get(kData, ValueCheck::size), reply);
  expect_whole_reply_is_good(*memcached_get(kData, ValueCheck::bytes), reply);
  expect_whole_reply_is_good(*memcached_set(kData), "STORED\r\n");
  EXPECT_EQ(verdict_of(*memcached_get(kData, ValueCheck::size), "END\r\n"), Verdict::missing);
  EXPECT_EQ(verdict_of(*memcached_set(kData), "SERVER_ERROR out of memory storing object\r\n"), Verdict::refused);
}

TEST(BenchWire, AFramedReplyEndsWhereItsFrameEnds) {
  expect_whole_reply_is_good(*read_wire(), read_reply(kData.value(kNumber)));
  expect_whole_reply_is_good(*read_wire(ValueCheck::bytes), read_reply(kData.value(kNumber)));
}

TEST(BenchWire, ACounterThatNobodyTouchedIsZero) {
  const auto counter = counter_value(kData);
  counter::Counter_value_result result;
  result.__isset.success = true;
  result.success = 0;
  expect_whole_reply_is_good(*counter, frame(thrift_reply("value", result)));
  result.success = 1;
  EXPECT_EQ(verdict_of(*counter, frame(thrift_reply("value", result))), Verdict::misplaced);
  EXPECT_EQ(verdict_of(*counter, frame(thrift_reply("order", result))), Verdict::misplaced);
  counter::Counter_value_args asked;
  Codec codec;
  const std::string request = request_of(*counter, kNumber);
  codec.in().attach(std::string_view(request).substr(4));
  std::string method;
  apache::thrift::protocol::TMessageType type{};
  std::int32_t sequence = 0;
  codec.binary_in().readMessageBegin(method, type, sequence);
  asked.read(&codec.binary_in());
  EXPECT_EQ(method, "counter:value");
  EXPECT_EQ(asked.name, kData.key(kNumber));
  EXPECT_EQ(codec.in().unread(), 0U);
}

TEST(BenchWire, AReadThatFindsNothingIsMissing) {
  diststore::Store_read_result result;
  result.success.found = false;
  result.__isset.success = true;
  EXPECT_EQ(verdict_of(*read_wire(), frame(thrift_reply("read", result))), Verdict::missing);
}

TEST(BenchWire, AReadThatBringsAnotherLengthIsMisplaced) {
  EXPECT_EQ(verdict_of(*read_wire(), read_reply("")), Verdict::misplaced);
}

TEST(BenchWire, AnotherKeysValueIsMisplacedWhereValuesAreLookedAt) {
  const std::string reply = read_reply(kData.value(kNumber + 1));
  EXPECT_EQ(verdict_of(*read_wire(ValueCheck::size), reply), Verdict::good);
  EXPECT_EQ(verdict_of(*read_wire(ValueCheck::bytes), reply), Verdict::misplaced);
  const std::string value = kData.value(kNumber + 1);
  EXPECT_EQ(verdict_of(*redis_get(kData, ValueCheck::bytes), "$100\r\n" + value + "\r\n"), Verdict::misplaced);
}

TEST(BenchWire, AReplyToAnotherRequestIsMisplacedInAnyCase) {
  EXPECT_EQ(verdict_of(*read_wire(), read_reply(kData.value(kNumber), kNumber + 1)), Verdict::misplaced);
  diststore::Store_write_result written;
  written.__isset.success = true;
  EXPECT_EQ(verdict_of(*read_wire(), frame(thrift_reply("write", written))), Verdict::misplaced);
  EXPECT_EQ(verdict_of(*framed_write(kData, ""), frame(thrift_reply("write", written, kNumber + 1))),
            Verdict::misplaced);
}

TEST(BenchWire, AWriteIsGoodUnlessItBringsAnError) {
  diststore::Store_write_result result;
  result.__isset.success = true;
  expect_whole_reply_is_good(*framed_write(kData, "diststore:"), frame(thrift_reply("write", result)));
}

TEST(BenchWire, AnErrorOfTheStoreCountsByItsKindAndKeepsItsWords) {
  using Kind = diststore::StoreErrorKind;
  const auto wire = framed_write(kData, "diststore:");
  const auto refused = wire->reply(error_reply<diststore::Store_write_result>("write", Kind::too_large), kNumber);
  EXPECT_EQ(refused->verdict, Verdict::refused);
  EXPECT_EQ(refused->words, "because");
  EXPECT_EQ(verdict_of(*wire, error_reply<diststore::Store_write_result>("write", Kind::unavailable)),
            Verdict::unavailable);
  EXPECT_EQ(verdict_of(*wire, error_reply<diststore::Store_write_result>("write", Kind::not_executed)),
            Verdict::not_executed);
  EXPECT_EQ(verdict_of(*read_wire(), error_reply<diststore::Store_read_result>("read", Kind::unavailable)),
            Verdict::unavailable);
}

TEST(BenchWire, AnExceptionIsAFailureWithItsWords) {
  const apache::thrift::TApplicationException exception(apache::thrift::TApplicationException::UNKNOWN_METHOD,
                                                        "p2p:disabled: diststore");
  const auto reply = read_wire()->reply(
      frame(thrift_reply("read", exception, kNumber, apache::thrift::protocol::T_EXCEPTION)), kNumber);
  EXPECT_EQ(reply->verdict, Verdict::failed);
  EXPECT_EQ(reply->words, "p2p:disabled: diststore");
}

TEST(BenchWire, BytesThatAreNoMessageAreAnError) {
  EXPECT_THROW(read_wire()->reply(std::string("HTTP/1.1 400 Bad Request"), kNumber), std::runtime_error);
  EXPECT_THROW(read_wire()->reply(frame("no message of Thrift"), kNumber), std::runtime_error);
  const std::string whole = read_reply(kData.value(kNumber));
  EXPECT_THROW(read_wire()->reply(frame(whole.substr(4, 30)), kNumber), std::runtime_error);
}

TEST(BenchWire, AnUnframedReplyEndsWhereItsMessageEnds) {
  diststore::Store_get_result result;
  result.success = kData.value(kNumber);
  result.__isset.success = true;
  expect_whole_reply_is_good(*classic_get(kData, ValueCheck::bytes), thrift_reply("get", result));
}

TEST(BenchDataset, AValueIsThatOfItsOwnKeyOnly) {
  for (const std::size_t bytes : {8u, 16u, 100u, 65'536u}) {
    const Dataset data{.value_bytes = bytes};
    EXPECT_EQ(data.value(7).size(), bytes);
    EXPECT_TRUE(data.is_value_of(7, data.value(7)));
    EXPECT_FALSE(data.is_value_of(7, data.value(8)));
    EXPECT_FALSE(data.is_value_of(7, data.value(7 + 26)));  // the same filler
    std::string changed = data.value(7);
    changed.back() ^= 1;
    EXPECT_FALSE(data.is_value_of(7, changed));
    EXPECT_FALSE(data.is_value_of(7, data.value(7) + 'x'));
  }
  EXPECT_EQ(Dataset{.value_bytes = 3}.value(7).size(), 3u);
}

TEST(BenchRequests, KeysHaveTheWantedSizeAndComeInOrder) {
  EXPECT_EQ(kData.key(42), "key:000000000042");
  const auto wire = redis_get(kData, ValueCheck::size);
  Requests requests({wire.get()}, {.first = 5, .count = 2, .chosen = {}}, KeyOrder::sequential);
  for (const std::uint64_t number : {5u, 6u, 5u}) {
    std::string request;
    EXPECT_EQ(requests.next(request).number, number);
    EXPECT_EQ(request, request_of(*wire, number));
  }
}

TEST(BenchRequests, ThoseOfChosenKeysAndSeveralWiresComeInTurn) {
  const auto get = redis_get(kData, ValueCheck::size);
  const auto set = redis_set(kData);
  Requests requests({get.get(), set.get()}, {.chosen = {3, 9}}, KeyOrder::sequential);
  std::string all;
  for (int count = 0; count < 4; ++count) requests.next(all);
  EXPECT_EQ(all, request_of(*get, 3) + request_of(*get, 9) + request_of(*set, 3) + request_of(*set, 9));
}

TEST(BenchRequests, WhatIsTooMuchToEncodeBeforehandIsTheSame) {
  const Dataset large{.value_bytes = 64 * 1024};
  const auto wire = redis_set(large);
  Requests requests({wire.get()}, {.first = 0, .count = 100'000, .chosen = {}}, KeyOrder::sequential);
  std::string request;
  EXPECT_EQ(requests.next(request).number, 0u);
  EXPECT_EQ(requests.next(request).number, 1u);
  EXPECT_EQ(request, request_of(*wire, 0) + request_of(*wire, 1));
}

TEST(BenchHistogram, QuantilesLieWithinAThirtySecondOfTheTruth) {
  load::Histogram histogram;
  for (std::uint64_t value = 1; value <= 100'000; ++value) histogram.record(value);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.50)), 50'000, 50'000 / 32.0 + 1);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99)), 99'000, 99'000 / 32.0 + 1);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.999)), 99'900, 99'900 / 32.0 + 1);
  EXPECT_EQ(histogram.max(), 100'000u);
  EXPECT_EQ(histogram.quantile(1.0), 100'000u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50'000.5);
}

TEST(BenchHistogram, AnswersNothingWhenNothingWasRecorded) {
  EXPECT_EQ(load::Histogram().quantile(0.5), 0u);
  EXPECT_EQ(load::Histogram().max(), 0u);
  EXPECT_TRUE(load::Histogram().octaves().empty());
}

TEST(BenchHistogram, CountsWhatIsTooLongAsTheLongest) {
  load::Histogram histogram;
  histogram.record(UINT64_MAX);
  EXPECT_GT(histogram.quantile(1.0), std::uint64_t{60} * 1'000'000'000);
}

TEST(BenchHistogram, OctavesHoldEachValueBelowTheNextPowerOfTwo) {
  load::Histogram histogram;
  for (const std::uint64_t value : {100u, 127u, 128u, 1'000u}) histogram.record(value);
  const auto octaves = histogram.octaves();
  ASSERT_EQ(octaves.size(), 4u);  // below 128, 256, 512, 1024
  EXPECT_EQ(octaves[0].below_ns, 128u);
  EXPECT_EQ(octaves[0].count, 2u);
  EXPECT_EQ(octaves[1].count, 1u);
  EXPECT_EQ(octaves[2].count, 0u);
  EXPECT_EQ(octaves[3].below_ns, 1024u);
  EXPECT_EQ(octaves[3].count, 1u);
}

}  // namespace
}  // namespace p2p::bench
