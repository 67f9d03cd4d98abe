#include "wire/frame.h"
#include "retry/faults.h"
#include "wire/store_messages.h"

#include <Store.h>
#include <gtest/gtest.h>

#include <random>

namespace p2p::client {
namespace {

std::string_view message_of(const std::string& frame) { return std::string_view(frame).substr(kFrameHeadBytes); }

// What a node reads of a frame.
struct Seen {
  std::string name;
  std::int32_t sequence = 0;
};
template <class Args>
Seen read_call(const std::string& frame, Args& args) {
  EXPECT_EQ(length_at(frame), frame.size() - kFrameHeadBytes);
  Codec codec;
  codec.in().attach(message_of(frame));
  Seen seen;
  apache::thrift::protocol::TMessageType type{};
  codec.binary_in().readMessageBegin(seen.name, type, seen.sequence);
  EXPECT_EQ(type, apache::thrift::protocol::T_CALL);
  args.read(&codec.binary_in());
  EXPECT_EQ(codec.in().unread(), 0U);
  return seen;
}

TEST(StoreMessages, AreWhatTheGeneratedCodeReads) {
  Codec codec;
  std::string frame;
  FrameInfo info = encode_write(codec, "diststore", "key", std::string_view("a\0b", 3), {}, frame);
  set_sequence(frame, info, 77);
  diststore::Store_write_args write;
  const Seen seen = read_call(frame, write);
  EXPECT_EQ(seen.name, "diststore:write");
  EXPECT_EQ(seen.sequence, 77);
  EXPECT_EQ(write.key, "key");
  EXPECT_EQ(write.value, std::string("a\0b", 3));

  const std::vector<ItemView> items{{"a", "1"}, {"", ""}};
  encode_write_many(codec, "s", items, 0, frame);
  diststore::Store_write_many_args many;
  EXPECT_EQ(read_call(frame, many).name, "s:write_many");
  ASSERT_EQ(many.items.size(), 2U);
  EXPECT_EQ(many.items[0].value, "1");

  const std::vector<std::string_view> keys{"x", "y"};
  encode_keys(codec, "s", "erase_many", keys, frame);
  diststore::Store_erase_many_args erase;
  EXPECT_EQ(read_call(frame, erase).name, "s:erase_many");
  EXPECT_EQ(erase.keys, (std::vector<std::string>{"x", "y"}));
}

template <class GeneratedResult>
std::string body_of(const GeneratedResult& result) {
  Codec codec;
  result.write(&codec.binary_out());
  return std::string(codec.out().written());
}

TEST(StoreMessages, ReadWhatTheGeneratedCodeWrites) {
  diststore::Store_read_many_result result;
  result.__isset.success = true;
  result.success.resize(2);
  result.success[0].found = true;
  result.success[0].__set_value("v");
  diststore::Version version;
  version.stamp = 5;
  version.node = -1;
  result.success[0].__set_version(version);
  result.success[1].__set_view(99);
  const std::string body = body_of(result);
  Codec codec;
  codec.in().attach(body);
  StoreReply<Read> reply;
  decode(codec, true, reply);
  ASSERT_EQ(reply.many.size(), 2U);
  EXPECT_EQ(reply.many[0].value, "v");
  EXPECT_EQ(reply.many[0].version, (Version{5, -1}));
  EXPECT_FALSE(reply.many[1].found);
  EXPECT_EQ(reply.view, 99);
  EXPECT_FALSE(reply.refusal);
}

TEST(StoreMessages, ReadTheStoresOwnException) {
  diststore::Store_write_result result;
  result.__isset.error = true;
  result.error.kind = diststore::StoreErrorKind::unavailable;
  result.error.message = "late";
  const std::string body = body_of(result);
  Codec codec;
  codec.in().attach(body);
  StoreReply<Written> reply;
  decode(codec, false, reply);
  ASSERT_TRUE(reply.refusal);
  EXPECT_EQ(reply.refusal->kind, static_cast<std::int32_t>(retry::StoreErrorKind::unavailable));
  EXPECT_EQ(reply.refusal->message, "late");
}

TEST(StoreMessages, ThrowOnBytesThatSayNothing) {
  const std::string empty(1, '\0');
  const std::string false_length("\x0f\x00\x00\x0c\x7f\xff\xff\xff", 8);
  for (const std::string& body : {std::string(), empty, false_length}) {
    Codec codec;
    codec.in().attach(body);
    StoreReply<Read> reply;
    EXPECT_ANY_THROW(decode(codec, true, reply)) << body.size();
  }
}

// Foreign bytes: whatever they are, reading ends, with a result or what Thrift throws.
TEST(StoreMessages, EndWhateverBytesTheyAreGiven) {
  diststore::Store_read_many_result result;
  result.__isset.success = true;
  result.success.resize(3);
  result.success[1].found = true;
  result.success[1].__set_value("some value");
  const std::string good = body_of(result);
  std::mt19937 random(1);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good.substr(0, random() % 8 == 0 ? random() % good.size() : good.size());
    for (auto changes = random() % 4; changes > 0 && !bytes.empty(); --changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    Codec codec;
    codec.in().attach(bytes);
    StoreReply<Read> reply;
    try {
      decode(codec, true, reply);
      ++read;
    } catch (const std::exception&) {
    }
    static_cast<void>(read_reply_head(bytes));
  }
  EXPECT_GT(read, 0);
  EXPECT_LT(read, 20'000);
}

TEST(Frame, TakesAnyMessageOfACallAndAddsItsService) {
  diststore::Store_get_args args;
  args.key = "k";
  const std::string message = encode_call("get", args);
  std::string frame;
  const auto info = frame_of("other", message, frame);
  ASSERT_TRUE(info.ok());
  set_sequence(frame, info.value(), 3);
  diststore::Store_get_args read;
  const Seen seen = read_call(frame, read);
  EXPECT_EQ(seen.name, "other:get");
  EXPECT_EQ(seen.sequence, 3);
  EXPECT_EQ(read.key, "k");
}

TEST(Frame, RefusesWhatIsNoMessageOfACall) {
  std::string frame;
  std::string oneway = encode_call("put", diststore::Store_put_args());
  oneway[3] = 4;
  const std::string short_name("\x80\x01\x00\x01\x00\x00\x00\x7fshort", 13);
  for (const std::string& message : {std::string(), std::string(40, 'x'), oneway, short_name}) {
    EXPECT_FALSE(frame_of("s", message, frame).ok()) << message;
  }
}

TEST(Frame, RefusesAReplyThatIsNone) {
  EXPECT_FALSE(read_reply_head("").ok());
  EXPECT_FALSE(read_reply_head(encode_call("get", diststore::Store_get_args())).ok());
}

}  // namespace
}  // namespace p2p::client
