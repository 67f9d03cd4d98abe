// Are the calls that nodes pass on written as Thrift itself would, and read back from what it writes?
#include "serving/forward_message.h"

#include <p2p/handlers.h>

#include <Peer.h>

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

ForwardRequest request_of(std::string_view message) { return {-42, 1, "diststore", Encoding::compact, message}; }

peer::Peer_forward_args arguments_of(const ForwardRequest& request) {
  peer::Peer_forward_args arguments;
  arguments.view = request.view;
  arguments.hops = request.hops;
  arguments.target = request.target;
  arguments.encoding = peer::Encoding::compact;
  arguments.message = request.message;
  return arguments;
}

template <class Protocol, class Struct>
std::string encoded(Codec& codec, Protocol& protocol, const Struct& written) {
  written.write(&protocol);
  return std::string(codec.out().written());
}

void expect_same(const std::optional<ForwardRequest>& read, const ForwardRequest& sent) {
  ASSERT_TRUE(read);
  EXPECT_EQ(read->view, sent.view);
  EXPECT_EQ(read->hops, sent.hops);
  EXPECT_EQ(read->target, sent.target);
  EXPECT_EQ(read->encoding, sent.encoding);
  EXPECT_EQ(read->message, sent.message);
}

TEST(ForwardMessageTest, ACallIsWrittenAsThriftWritesIt) {
  const std::string message("\x82\x21\0whatever", 11);
  std::string out = "before";
  append_forward(out, 7, request_of(message));
  Codec codec;
  codec.binary_out().writeMessageBegin("Peer:forward", apache::thrift::protocol::T_CALL, 7);
  arguments_of(request_of(message)).write(&codec.binary_out());
  EXPECT_EQ(out, "before" + std::string(codec.out().written()));
}

TEST(ForwardMessageTest, ArgumentsAreReadInBothEncodings) {
  const ForwardRequest sent = request_of(std::string_view("a\0b", 3));
  Codec binary;
  const std::string in_binary = encoded(binary, binary.binary_out(), arguments_of(sent));
  expect_same(read_forward(in_binary, Encoding::binary), sent);
  Codec compact;
  const std::string in_compact = encoded(compact, compact.compact_out(), arguments_of(sent));
  expect_same(read_forward(in_compact, Encoding::compact), sent);
}

TEST(ForwardMessageTest, ArgumentsThatAreCutOffOrOfOtherTypesAreRefused) {
  Codec codec;
  const std::string whole = encoded(codec, codec.binary_out(), arguments_of(request_of("message")));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes)
    EXPECT_FALSE(read_forward(std::string_view(whole).substr(0, bytes), Encoding::binary)) << bytes;
  std::string text_for_view = whole;
  text_for_view[0] = apache::thrift::protocol::T_STRING;
  EXPECT_FALSE(read_forward(text_for_view, Encoding::binary));
  EXPECT_FALSE(read_forward(std::string(1, '\0'), Encoding::binary)) << "no encoding is named";
  const std::size_t message_bytes = 3 + 4 + std::string_view("message").size();  // field 5, the last
  const std::string without_message = whole.substr(0, whole.size() - 1 - message_bytes) + '\0';
  EXPECT_FALSE(read_forward(without_message, Encoding::binary));
}

class ForwardReplyTest : public ::testing::TestWithParam<Encoding> {
 protected:
  // What Thrift reads in the reply.
  static void read(const std::string& reply, peer::Peer_forward_result& result) {
    Codec codec;
    codec.in().attach(reply);
    with_input(codec, GetParam(), [&](auto& protocol) {
      std::string name;
      apache::thrift::protocol::TMessageType type{};
      std::int32_t sequence = 0;
      protocol.readMessageBegin(name, type, sequence);
      EXPECT_EQ(name, "forward");
      EXPECT_EQ(type, apache::thrift::protocol::T_REPLY);
      EXPECT_EQ(sequence, 9);
      result.read(&protocol);
    });
    EXPECT_EQ(codec.in().unread(), 0u);
  }
};

TEST_P(ForwardReplyTest, ThriftReadsAnAnswer) {
  std::string reply;
  append_forward_reply(reply, {9, GetParam()}, ForwardStatus::refused, std::string_view("in\0side", 7));
  peer::Peer_forward_result result;
  read(reply, result);
  EXPECT_EQ(result.success.status, peer::ForwardStatus::refused);
  EXPECT_EQ(result.success.message, std::string("in\0side", 7));
  EXPECT_FALSE(result.success.__isset.members);
}

TEST_P(ForwardReplyTest, ThriftReadsADisagreement) {
  std::string reply;
  append_disagreement(reply, {9, GetParam()}, -5, "table");
  peer::Peer_forward_result result;
  read(reply, result);
  EXPECT_EQ(result.success.status, peer::ForwardStatus::view_differs);
  EXPECT_EQ(result.success.view, -5);
  EXPECT_EQ(result.success.members, "table");
  EXPECT_FALSE(result.success.__isset.message);
}

INSTANTIATE_TEST_SUITE_P(Encodings, ForwardReplyTest, ::testing::Values(Encoding::binary, Encoding::compact),
                         [](const auto& tried) { return tried.param == Encoding::binary ? "Binary" : "Compact"; });

TEST(ForwardMessageTest, WhatWeWriteWeRead) {
  std::string reply;
  append_forward_reply(reply, {9, Encoding::binary}, ForwardStatus::answered, "message");
  const auto head = read_head(reply, Encoding::binary);
  ASSERT_TRUE(head.ok());
  const std::string_view result = std::string_view(reply).substr(head.value().bytes);
  const auto read = read_forward_reply(result);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, ForwardStatus::answered);
  EXPECT_EQ(read->message, "message");
  for (std::size_t bytes = 0; bytes < result.size(); ++bytes)
    EXPECT_FALSE(read_forward_reply(result.substr(0, bytes))) << bytes;
  EXPECT_FALSE(read_forward_reply(std::string_view("\0", 1))) << "neither an answer nor an exception";
}

TEST(ForwardMessageTest, FieldsOfLaterVersionsArePassedOver) {
  std::string with_more("\x0c\0\x07\0", 4);  // an empty struct in field 7
  Codec codec;
  with_more += encoded(codec, codec.binary_out(), arguments_of(request_of("message")));
  expect_same(read_forward(with_more, Encoding::binary), request_of("message"));
}

}  // namespace
}  // namespace p2p::host
