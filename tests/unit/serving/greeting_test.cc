// Who has answered a hello: a node of ours, one of the 2009 system, or somebody in a node's place.
#include "messages.h"
#include "old_server.h"

#include "peers/greeting.h"
#include "peers/peer_identity.h"

#include <p2p/handlers.h>
#include <p2p/repeated_warnings.h>

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using Exception = apache::thrift::TApplicationException;

const NodeAddress kMember{"10.0.0.2", 9900};

std::string answer(const peer::Peer_hello_result& result) {
  Codec codec;
  codec.binary_out().writeMessageBegin("hello", apache::thrift::protocol::T_REPLY, 1);
  result.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

std::string greeting_of(const std::string& node) {
  peer::Peer_hello_result result;
  result.__isset.success = true;
  result.success.version = 1;
  result.success.cluster = "p2phost";
  result.success.__set_node(node);
  return answer(result);
}

std::string refusal_of(const std::string& field) {
  peer::Peer_hello_result result;
  result.__isset.refused = true;
  result.refused.field = field;
  result.refused.ours = "theirs";
  result.refused.theirs = "ours";
  return answer(result);
}

std::string exception(Exception::TApplicationExceptionType type) {
  Codec codec;
  codec.binary_out().writeMessageBegin("hello", apache::thrift::protocol::T_EXCEPTION, 1);
  Exception(type, "no").write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

// "" for a node that may be called.
std::string judged(const Result<std::string>& reply, bool is_member = true) {
  SilentLog log;
  RepeatedWarnings refusals;
  const auto greeting = judge_greeting(reply, kMember, is_member, refusals, TimePoint{}, log);
  return greeting.ok() ? "" : to_text(greeting.error().kind);
}

TEST(Greeting, ANodeThatNamesItselfAsItIsCalledIsTheOneAfterARestartToo) {
  EXPECT_EQ(judged(greeting_of(kMember.name())), "");
}

TEST(Greeting, AMemberThatAnswersByAnotherNameIsAnotherNode) {
  EXPECT_EQ(judged(greeting_of("10.0.0.3:9900")), "another node");
  EXPECT_EQ(judged(greeting_of("10.0.0.3:9900"), false), "") << "whoever is asked for may have several names";
}

TEST(Greeting, WhoEndsTheConnectionOrTalksNonsenseIsNoNode) {
  EXPECT_EQ(judged(Error{ErrorKind::closed, "End of file"}), "another node");
  EXPECT_EQ(judged(Error{ErrorKind::protocol, "HTTP/1.1 400 Bad Request"}), "another node");
}

TEST(Greeting, WhoHasNotAnsweredYetMayBeTheNode) {
  EXPECT_EQ(judged(Error{ErrorKind::timed_out, ""}), "timed out");
  EXPECT_EQ(judged(Error{ErrorKind::cancelled, "this node stops"}), "cancelled");
  EXPECT_EQ(judged(Error{ErrorKind::overloaded, ""}), "overloaded");
}

TEST(Greeting, ANodeOfAnotherNetworkIsAnotherNodeAndOneOfAnotherVersionIsNot) {
  EXPECT_EQ(judged(refusal_of("cluster")), "another node");
  EXPECT_EQ(judged(refusal_of("placement")), "another node");
  EXPECT_EQ(judged(refusal_of("version")), "protocol error");
}

TEST(Greeting, WhoDoesNotKnowTheHelloIsOfThe2009SystemAndNoStranger) {
  EXPECT_EQ(judged(exception(Exception::UNKNOWN_METHOD)), "unsupported");
}

TEST(Greeting, WhoFailsAtTheHelloIsNeither) {
  EXPECT_EQ(judged(exception(Exception::INTERNAL_ERROR)), "protocol error");
}

}  // namespace
}  // namespace p2p::host
