// The bytes between stores, written and read by hand: the same as the generated code's, and as those of another
// language's that are kept in tests/vectors.
#include "agreed/wire/replica_codec.h"
#include "random_messages.h"

#include <p2p/handlers.h>

#include <Replicas.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>
#include <string>
#include <string_view>

namespace p2p::diststore::agreed {
namespace {

namespace thrifted = ::replication_wire;
using namespace replication;  // NOLINT: the bodies

constexpr unsigned kSeeds = 2'000;

// Of a binary message: version and type, the name with its length, the sequence number.
std::string_view without_head(std::string_view message) {
  constexpr std::size_t kWithoutName = 12;
  return message.substr(kWithoutName + static_cast<std::uint8_t>(message[7]));
}

template <class Result>
std::string reply_of(const char* method, const Result& result) {
  Codec codec;
  codec.binary_out().writeMessageBegin(method, apache::thrift::protocol::T_REPLY, 0);
  result.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

std::string head_of_reply(const char* method) {
  Codec codec;
  codec.binary_out().writeMessageBegin(method, apache::thrift::protocol::T_REPLY, 0);
  return std::string(codec.out().written());
}

TEST(ReplicaCodec, CallsAreWrittenAsTheGeneratedCodeDoes) {
  std::set<std::size_t> kinds;
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    RandomMessages random(seed);
    const SessionId session = random.session();
    const Numbered said = random.numbered();
    for (const Message& message : said.messages) kinds.insert(message.body.index());
    thrifted::Replicas_deliver_args deliver;
    deliver.session = static_cast<std::int64_t>(session);
    deliver.messages = to_wire(said);
    ASSERT_EQ(wire::encode_deliver(session, said), encode_call("deliver", deliver)) << seed;
    thrifted::Replicas_answer_args answer;
    answer.session = static_cast<std::int64_t>(session);
    answer.messages = to_wire(said);
    ASSERT_EQ(wire::encode_answer(session, said), encode_call("answer", answer)) << seed;
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Body>);
}

TEST(ReplicaCodec, OpenAndEndAreWrittenAsTheGeneratedCodeDoes) {
  thrifted::Replicas_open_args open;
  open.session = -5;
  open.caller = std::string(16, 'a');
  open.callee = std::string(16, 'b');
  EXPECT_EQ(wire::encode_open(static_cast<SessionId>(-5), open.caller, open.callee), encode_call("open", open));
  thrifted::Replicas_end_session_args end;
  end.session = 6;
  EXPECT_EQ(wire::encode_end(6), encode_call("end_session", end));
}

TEST(ReplicaCodec, WhatWasWrittenIsRead) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    RandomMessages random(seed);
    const SessionId session = random.session();
    const std::string written = wire::encode_deliver(session, random.numbered());
    const auto read = wire::read_said(without_head(written));
    ASSERT_TRUE(read.ok()) << seed << ": " << read.error().text;
    EXPECT_EQ(read.value().session, session);
    EXPECT_EQ(wire::encode_deliver(read.value().session, read.value().said), written) << seed;
  }
}

TEST(ReplicaCodec, AWriteArrivesWithTheHashesOfItsKeys) {
  const Message message{.head = {}, .body = Replicate{.seq = 1, .batch = batch_of(KeyWrite::put("key", "value"))}};
  const auto read = wire::read_said(without_head(wire::encode_deliver(1, {.number = 1, .messages = {message}})));
  ASSERT_TRUE(read.ok());
  const auto& batch = *std::get<Replicate>(read.value().said.messages[0].body).batch;
  ASSERT_EQ(batch.writes.size(), 1u);
  EXPECT_EQ(batch.writes[0].hash, hash_of("key"));
  EXPECT_TRUE(batch.has_values);
}

TEST(ReplicaCodec, RepliesAreWrittenAndReadAsTheGeneratedCodeDoes) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    RandomMessages random(seed);
    wire::Delivered delivered{.is_taken = seed % 3 != 0};
    thrifted::Replicas_deliver_result result;
    result.success.is_taken = delivered.is_taken;
    if (seed % 2 == 0) {
      delivered.answers = random.numbered();
      result.success.__set_answers(to_wire(delivered.answers));
    }
    result.__isset.success = true;
    std::string written = head_of_reply("deliver");
    wire::append_delivered(written, delivered);
    ASSERT_EQ(written, reply_of("deliver", result)) << seed;
    const auto read = wire::read_delivered(written);
    ASSERT_TRUE(read.ok()) << seed << ": " << read.error().text;
    std::string again = head_of_reply("deliver");
    wire::append_delivered(again, read.value());
    EXPECT_EQ(again, written) << seed;
  }
}

TEST(ReplicaCodec, ShortRepliesAreWrittenAndReadAsTheGeneratedCodeDoes) {
  for (const bool is_taken : {true, false}) {
    thrifted::Replicas_open_result opened;
    opened.success.is_taken = is_taken;
    if (!is_taken) opened.success.__set_why("it is another");
    opened.__isset.success = true;
    std::string written = head_of_reply("open");
    wire::append_opened(written, is_taken, "it is another");
    EXPECT_EQ(written, reply_of("open", opened));
    EXPECT_EQ(wire::read_opened(written).value().is_taken, is_taken);
    EXPECT_EQ(wire::read_opened(written).value().why, is_taken ? "" : "it is another");

    thrifted::Replicas_answer_result answered;
    answered.success = is_taken;
    answered.__isset.success = true;
    written = head_of_reply("answer");
    wire::append_answered(written, is_taken);
    EXPECT_EQ(written, reply_of("answer", answered));
    EXPECT_EQ(wire::read_answered(written).value(), is_taken);
  }
}

TEST(ReplicaCodec, AnExceptionIsNoReply) {
  Codec codec;
  codec.binary_out().writeMessageBegin("deliver", apache::thrift::protocol::T_EXCEPTION, 0);
  apache::thrift::TApplicationException(apache::thrift::TApplicationException::INTERNAL_ERROR, "no")
      .write(&codec.binary_out());
  const auto read = wire::read_delivered(codec.out().written());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().kind, ErrorKind::refused);
  EXPECT_FALSE(wire::read_delivered("").ok());
}

// --- what makes no sense ---------------------------------------------------------------------------------------------

std::string why_not(const Numbered& said, SessionId session = 1) {
  const auto read = wire::read_said(without_head(wire::encode_deliver(session, said)));
  return read.ok() ? "" : read.error().text;
}

TEST(ReplicaCodec, NumbersOutOfTheirRangeAreRefused) {
  EXPECT_EQ(why_not({.number = 1}), "");
  EXPECT_NE(why_not({.number = 0}), "") << "messages have a number";
  EXPECT_NE(why_not({.number = wire::kNaturalMax + 1}), "");
  EXPECT_NE(why_not({.number = 1, .messages = {{.head = {.term = ~std::uint64_t{0}}, .body = Refuse{}}}}), "");
  EXPECT_NE(why_not({.number = 1, .messages = {{.head = {.partition = kPartitions}, .body = Refuse{}}}}), "");
}

TEST(ReplicaCodec, AnExpiryArrivesAndTakesNoByteWhereThereIsNone) {
  const auto sent = [](WallMs expires_at) {
    Items items{.number = 1, .items = {{.key = "item", .value = "value", .expires_at = expires_at}}};
    auto batch = batch_of(KeyWrite::put_until("key", "value", expires_at));
    return wire::encode_deliver(1, {.number = 1,
                                    .messages = {{.head = {}, .body = Replicate{.seq = 1, .batch = std::move(batch)}},
                                                 {.head = {}, .body = std::move(items)}}});
  };
  for (const WallMs expires_at : {kNoExpiry, WallMs{1}, WallMs{1'800'000'000'000}, kExpiryMax}) {
    const auto read = wire::read_said(without_head(sent(expires_at)));
    ASSERT_TRUE(read.ok()) << expires_at << ": " << read.error().text;
    const auto& messages = read.value().said.messages;
    EXPECT_EQ(std::get<Replicate>(messages[0].body).batch->writes[0].expires_at, expires_at);
    EXPECT_EQ(std::get<Items>(messages[1].body).items[0].expires_at, expires_at);
  }
  constexpr std::size_t kFieldBytes = 11;
  EXPECT_EQ(sent(1).size(), sent(kNoExpiry).size() + 2 * kFieldBytes);
  EXPECT_FALSE(wire::read_said(without_head(sent(kExpiryMax + 1))).ok());
}

TEST(ReplicaCodec, WhatIsErasedDoesNotExpire) {
  KeyWrite erase = KeyWrite::erase("key");
  erase.expires_at = 5;
  EXPECT_NE(why_not({.number = 1, .messages = {{.head = {}, .body = Replicate{.seq = 1, .batch = batch_of(erase)}}}}),
            "");
  const Items items{.number = 1, .items = {{.key = "key", .is_absent = true, .expires_at = 5}}};
  EXPECT_NE(why_not({.number = 1, .messages = {{.head = {}, .body = items}}}), "");
}

TEST(ReplicaCodec, AWriteOfNothingIsRefused) {
  EXPECT_NE(why_not({.number = 1,
                     .messages = {{.head = {}, .body = Replicate{.seq = 1, .batch = std::make_shared<Batch>()}}}}),
            "");
  const auto record = std::make_shared<Batch>();
  record->operation = {.client = 1, .number = 2};
  EXPECT_EQ(why_not({.number = 1, .messages = {{.head = {}, .body = Replicate{.seq = 1, .batch = record}}}}), "");
}

TEST(ReplicaCodec, AMessageSaysExactlyOneThing) {
  thrifted::Replicas_deliver_args args;
  args.session = 1;
  args.messages.number = 1;
  thrifted::Message& message = args.messages.messages.emplace_back();
  const auto is_read = [&] { return wire::read_said(without_head(encode_call("deliver", args))).ok(); };
  EXPECT_FALSE(is_read());
  message.__set_commit(5);
  EXPECT_TRUE(is_read());
  message.__set_signal(thrifted::Signal::refuse);
  EXPECT_FALSE(is_read());
  message.__isset.commit = false;
  EXPECT_TRUE(is_read());
  message.__set_signal(static_cast<thrifted::Signal::type>(4));
  EXPECT_FALSE(is_read()) << "of a later version";
}

TEST(ReplicaCodec, AnyCutIsRefused) {
  RandomMessages random(7);
  Numbered said{.number = 1};
  for (unsigned kind = 0; kind < std::variant_size_v<Body>; ++kind) said.messages.push_back(random.message(kind));
  const std::string written = wire::encode_deliver(1, said);
  const std::string_view arguments = without_head(written);
  ASSERT_TRUE(wire::read_said(arguments).ok());
  for (std::size_t bytes = 0; bytes < arguments.size(); ++bytes)
    ASSERT_FALSE(wire::read_said(arguments.substr(0, bytes)).ok()) << bytes;
}

// --- the bytes, which never change -----------------------------------------------------------------------------------

std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(at, 2), nullptr, 16));
  return bytes;
}

TEST(ReplicaCodec, WhatAnotherProgramHasWrittenIsReadAndWrittenAlike) {
  std::ifstream file(P2P_TEST_VECTORS "/replication.json");
  const auto vectors = nlohmann::json::parse(file);
  std::set<std::size_t> kinds;
  for (const auto& vector : vectors.at("deliver")) {
    const std::string name = vector.at("name");
    const std::string bytes = from_hex(vector.at("bytes"));
    const auto read = wire::read_said(without_head(bytes));
    ASSERT_TRUE(read.ok()) << name << ": " << read.error().text;
    for (const Message& message : read.value().said.messages) kinds.insert(message.body.index());
    EXPECT_EQ(wire::encode_deliver(read.value().session, read.value().said), bytes) << name;
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Body>);
}

}  // namespace
}  // namespace p2p::diststore::agreed
