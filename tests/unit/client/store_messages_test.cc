// What is made of the store's replies: what is known is taken, what is not is skipped, nonsense is thrown.
#include "wire/store_messages.h"
#include "retry/faults.h"

#include <p2p/handlers.h>

#include <gtest/gtest.h>

#include <exception>
#include <string>

namespace p2p::client {
namespace {

using namespace apache::thrift::protocol;

void write_number(BinaryProtocol& out, std::int16_t id, std::int64_t number) {
  out.writeFieldBegin("", T_I64, id);
  out.writeI64(number);
}

void write_version(BinaryProtocol& out, std::int16_t id) {
  out.writeFieldBegin("", T_STRUCT, id);
  write_number(out, 1, 12);
  write_number(out, 2, -3);
  out.writeFieldStop();
}

// A field that a later store may send.
void write_unknown(BinaryProtocol& out) {
  out.writeFieldBegin("", T_LIST, 77);
  out.writeListBegin(T_STRING, 2);
  out.writeString(std::string("a"));
  out.writeString(std::string("b"));
}

void write_found(BinaryProtocol& out, const std::string& value) {
  out.writeFieldBegin("", T_BOOL, 1);
  out.writeBool(true);
  write_unknown(out);
  out.writeFieldBegin("", T_STRING, 2);
  out.writeBinary(value);
  write_version(out, 3);
  write_number(out, 4, -9);
  write_number(out, 5, 1500);
  out.writeFieldStop();
}

// The result of a read_many of two keys, the second of which is missing.
std::string two_results() {
  Codec codec;
  BinaryProtocol& out = codec.binary_out();
  out.writeFieldBegin("", T_LIST, 0);
  out.writeListBegin(T_STRUCT, 2);
  write_found(out, std::string("va\0lue", 6));
  out.writeFieldBegin("", T_BOOL, 1);
  out.writeBool(false);
  out.writeFieldStop();
  out.writeFieldStop();
  return codec.out().block();
}

template <class T>
StoreReply<T> decoded(const std::string& result, bool is_many) {
  Codec codec;
  codec.in().attach(result);
  StoreReply<T> reply;
  decode(codec, is_many, reply);
  return reply;
}

TEST(StoreMessages, ResultsOfABatchAreReadInTheirOrder) {
  const auto reply = decoded<Read>(two_results(), true);
  ASSERT_EQ(reply.many.size(), 2U);
  EXPECT_TRUE(reply.many[0].found);
  EXPECT_EQ(reply.many[0].value, std::string("va\0lue", 6));
  EXPECT_EQ(reply.many[0].ttl_left, std::chrono::milliseconds(1500));
  EXPECT_FALSE(reply.many[1].ttl_left);
  EXPECT_EQ(reply.many[0].version, (Version{12, -3}));
  EXPECT_FALSE(reply.many[1].found);
  EXPECT_EQ(reply.view, -9);
  EXPECT_FALSE(reply.refusal);
}

TEST(StoreMessages, AReplyThatIsCutOffAnywhereThrows) {
  const std::string whole = two_results();
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_THROW(decoded<Read>(whole.substr(0, bytes), true), std::exception) << bytes;
  }
}

TEST(StoreMessages, AnEraseTellsWhatItErased) {
  Codec codec;
  BinaryProtocol& out = codec.binary_out();
  out.writeFieldBegin("", T_STRUCT, 0);
  out.writeFieldBegin("", T_BOOL, 1);
  out.writeBool(true);
  write_number(out, 2, 5);
  write_version(out, 3);
  out.writeFieldStop();
  out.writeFieldStop();
  const auto reply = decoded<Erased>(codec.out().block(), false);
  EXPECT_TRUE(reply.one.found);
  EXPECT_EQ(reply.one.version, (Version{12, -3}));
  EXPECT_EQ(reply.view, 5);
}

TEST(StoreMessages, ARefusalIsNoResult) {
  Codec codec;
  BinaryProtocol& out = codec.binary_out();
  out.writeFieldBegin("", T_STRUCT, 1);
  out.writeFieldBegin("", T_I32, 1);
  out.writeI32(static_cast<std::int32_t>(retry::StoreErrorKind::too_many));
  out.writeFieldBegin("", T_STRING, 2);
  out.writeString(std::string("too many"));
  out.writeFieldStop();
  out.writeFieldStop();
  const auto reply = decoded<Written>(codec.out().block(), true);
  ASSERT_TRUE(reply.refusal);
  EXPECT_EQ(reply.refusal->kind, static_cast<std::int32_t>(retry::StoreErrorKind::too_many));
  EXPECT_EQ(reply.refusal->message, "too many");
}

TEST(StoreMessages, AConditionThatWasNotMetTellsWhatIsThere) {
  Codec codec;
  BinaryProtocol& out = codec.binary_out();
  out.writeFieldBegin("", T_STRUCT, 1);
  out.writeFieldBegin("", T_I32, 1);
  out.writeI32(static_cast<std::int32_t>(retry::StoreErrorKind::condition_failed));
  write_version(out, 3);
  out.writeFieldStop();
  out.writeFieldStop();
  const auto reply = decoded<Written>(codec.out().block(), false);
  ASSERT_TRUE(reply.refusal);
  EXPECT_EQ(reply.refusal->version, (Version{12, -3}));
}

TEST(StoreMessages, NeitherResultNorRefusalThrows) {
  EXPECT_THROW(decoded<Written>(std::string(1, '\0'), false), std::exception);
  // A list where one result is due, and one where numbers are.
  EXPECT_THROW(decoded<Read>(two_results(), false), std::exception);
  Codec codec;
  codec.binary_out().writeFieldBegin("", T_LIST, 0);
  codec.binary_out().writeListBegin(T_I64, 1);
  codec.binary_out().writeI64(1);
  codec.binary_out().writeFieldStop();
  EXPECT_THROW(decoded<Written>(codec.out().block(), true), std::exception);
}

}  // namespace
}  // namespace p2p::client
