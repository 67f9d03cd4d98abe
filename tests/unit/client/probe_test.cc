// Who answers the question that comes before the first frame?
#include "wire/probe.h"

#include <p2p/handlers.h>

#include <gtest/gtest.h>
#include <thrift/TApplicationException.h>

#include <string>

namespace p2p::client {
namespace {

namespace protocol = apache::thrift::protocol;

std::string reply() {
  Codec codec;
  codec.binary_out().writeMessageBegin("ping", protocol::T_REPLY, 0);
  codec.binary_out().writeFieldStop();
  return std::string(codec.out().written());
}

std::string unknown_method(const std::string& text) {
  using apache::thrift::TApplicationException;
  const TApplicationException fault(TApplicationException::UNKNOWN_METHOD, text);
  Codec codec;
  codec.binary_out().writeMessageBegin("node:ping", protocol::T_EXCEPTION, 0);
  fault.write(&codec.binary_out());
  return std::string(codec.out().written());
}

TEST(Probe, IsOneWholeUnframedCallOfAMethodThatNoNodeOf2009Has) {
  const std::string message = probe_message();
  Codec codec;
  codec.in().attach(message);
  std::string name;
  protocol::TMessageType type{};
  std::int32_t sequence = 0;
  codec.binary_in().readMessageBegin(name, type, sequence);
  codec.binary_in().skip(protocol::T_STRUCT);
  EXPECT_EQ(name, "node:ping");
  EXPECT_EQ(type, protocol::T_CALL);
  EXPECT_EQ(codec.in().unread(), 0U);
}

TEST(Probe, ANodeOfOursAnswersItOrSaysInItsOwnWordsThatItCannot) {
  EXPECT_EQ(read_probe(reply()), Probed::ours);
  EXPECT_EQ(read_probe(unknown_method("service 'node' has no method 'ping'")), Probed::ours);
  EXPECT_EQ(read_probe(unknown_method("p2p:draining: service 'node' is stopping on this node")), Probed::ours);
}

TEST(Probe, EverybodyElseIsForeign) {
  EXPECT_EQ(read_probe(unknown_method("Unknown function node:ping")), Probed::foreign);
  EXPECT_EQ(read_probe(unknown_method("")), Probed::foreign);
  EXPECT_EQ(read_probe("HTTP/1.1 400 Bad Request\r\n\r\n"), Probed::foreign);
  EXPECT_EQ(read_probe("-ERR unknown command\r\n"), Probed::foreign);
  EXPECT_EQ(read_probe(probe_message()), Probed::foreign) << "an echo";
}

TEST(Probe, AnAnswerThatIsCutShortWaitsForItsRestAndNeverForTooMuch) {
  for (const std::string& whole : {reply(), unknown_method("Unknown function node:ping")}) {
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
      EXPECT_EQ(read_probe(std::string_view(whole).substr(0, bytes)), Probed::need_more) << bytes;
    }
  }
  EXPECT_EQ(read_probe(unknown_method(std::string(20'000, 'x')).substr(0, 19'000)), Probed::foreign);
}

}  // namespace
}  // namespace p2p::client
