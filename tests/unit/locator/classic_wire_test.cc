// The 2009 system's own messages as bytes: what we send to its nodes, and what we make of their replies.
#include "classic/wire/messages.h"

#include <p2p/handlers.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace p2p::wire {
namespace {

using classic::CallOutcome;
using classic::CallResult;
using classic::Member;
using classic::MemberState;
using classic::Message;
using classic::PassOn;
using classic::Survey;

NodeAddress at(int port) { return {"127.0.0.1", static_cast<std::uint16_t>(port)}; }
Message news(MemberState state, const NodeAddress& whom = at(9901)) {
  return PassOn{{whom, 7, state}, {"127.0.0.1:9900", "127.0.0.1:40000"}};
}

// A message as a node of the 2009 system reads it.
template <class Args>
struct Read {
  explicit Read(const std::string& message) {
    codec.in().attach(message);
    codec.binary_in().readMessageBegin(method, type, sequence);
    args.read(&codec.binary_in());
    is_read_to_the_end = codec.binary_in().getTransport()->peek() == false;
  }
  Codec codec;
  std::string method;
  apache::thrift::protocol::TMessageType type{};
  std::int32_t sequence = 0;
  Args args;
  bool is_read_to_the_end = false;
};

std::string list_of(const std::vector<locator::Location>& members) {
  locator::Locator_get_all_result result;
  result.success = members;
  result.__isset.success = true;
  Codec codec;
  codec.binary_out().writeMessageBegin("get_all", apache::thrift::protocol::T_REPLY, 0);
  result.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

locator::Location on_wire(const std::string& host, std::int16_t port) {
  locator::Location address;
  address.address = host;
  address.port = port;
  return address;
}

std::string exception_reply(apache::thrift::TApplicationException::TApplicationExceptionType type) {
  Codec codec;
  apache::thrift::TApplicationException refusal(type, "no get_all");
  codec.binary_out().writeMessageBegin("get_all", apache::thrift::protocol::T_EXCEPTION, 0);
  refusal.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

// --- what we send ----------------------------------------------------------------------------------------------------

TEST(ClassicWire, AnAliveNodeIsAddedWithItsAddressAndTheVisitedNodes) {
  const Read<locator::Locator_add_args> read(encode_classic_call(news(MemberState::alive)));
  EXPECT_EQ(read.method, "add") << "no service is named";
  EXPECT_EQ(read.type, apache::thrift::protocol::T_CALL);
  EXPECT_EQ(read.args.location, on_wire("127.0.0.1", 9901));
  EXPECT_EQ(read.args.authorities,
            (std::vector<locator::Location>{on_wire("127.0.0.1", 9900), on_wire("127.0.0.1", -25536)}));
  EXPECT_TRUE(read.is_read_to_the_end);
}

TEST(ClassicWire, ALeavingOrRemovedNodeIsRemoved) {
  for (const MemberState state : {MemberState::leaving, MemberState::removed}) {
    const Read<locator::Locator_remove_args> read(encode_classic_call(news(state)));
    EXPECT_EQ(read.method, "remove");
    EXPECT_EQ(read.args.location, on_wire("127.0.0.1", 9901));
    EXPECT_EQ(read.args.authorities.size(), 2u);
  }
}

TEST(ClassicWire, PortsAbove32767TravelNegative) {
  for (const auto& [port, sent] : {std::pair{32767, 32767}, {32768, -32768}, {65535, -1}}) {
    const Read<locator::Locator_add_args> read(encode_classic_call(news(MemberState::alive, at(port))));
    EXPECT_EQ(read.args.location.port, sent);
  }
}

TEST(ClassicWire, VisitedNodesThatNameNoAddressAreLeftOut) {
  const Read<locator::Locator_add_args> read(
      encode_classic_call(PassOn{{at(9901), 7, MemberState::alive}, {"nonsense", "", "b:1", "c:99999"}}));
  EXPECT_EQ(read.args.authorities, std::vector<locator::Location>{on_wire("b", 1)});
}

TEST(ClassicWire, ASurveyIsAGetAll) {
  EXPECT_EQ(Read<locator::Locator_get_all_args>(encode_classic_call(Survey{})).method, "get_all");
  EXPECT_EQ(encode_classic_call(Survey{}), encode_get_all());
}

TEST(ClassicWire, AJoinNamesTheJoiner) {
  const Read<locator::Locator_join_args> read(encode_classic_join(at(40000)));
  EXPECT_EQ(read.method, "join");
  EXPECT_EQ(read.type, apache::thrift::protocol::T_CALL);
  EXPECT_EQ(read.args.location, on_wire("127.0.0.1", -25536));
}

// --- what we make of replies -----------------------------------------------------------------------------------------

TEST(ClassicWire, AListOfMembersIsReadWithPortsUnsigned) {
  const auto members =
      read_get_all(list_of({on_wire("127.0.0.1", 9850), on_wire("127.0.0.1", -25536), on_wire("b", -1)}));
  ASSERT_TRUE(members.ok());
  EXPECT_EQ(members.value(), (std::vector<NodeAddress>{at(9850), at(40000), {"b", 65535}}));
}

TEST(ClassicWire, AnEmptyListOfMembersIsOne) {
  const auto members = read_get_all(list_of({}));
  ASSERT_TRUE(members.ok());
  EXPECT_TRUE(members.value().empty());
}

TEST(ClassicWire, WhatIsNoListOfMembersIsAnError) {
  const auto failed = read_get_all(Error{ErrorKind::closed, "it broke"});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::closed);
  EXPECT_EQ(failed.error().text, "it broke");
  EXPECT_FALSE(read_get_all(std::string()).ok());
  EXPECT_FALSE(read_get_all(std::string("garbage")).ok());
  EXPECT_FALSE(read_get_all(exception_reply(apache::thrift::TApplicationException::UNKNOWN_METHOD)).ok());
}

TEST(ClassicWire, EveryPrefixOfAListIsAnErrorAndNoHarm) {
  const std::string bytes = list_of({on_wire("127.0.0.1", 9850), on_wire("127.0.0.1", 9851)});
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(read_get_all(bytes.substr(0, length)).ok()) << length;
  }
}

TEST(ClassicWire, AListOfMoreMembersThanTheLimitIsAnError) {
  EXPECT_TRUE(read_get_all(list_of(std::vector<locator::Location>(kRowsMax, on_wire("a", 1)))).ok());
  EXPECT_FALSE(read_get_all(list_of(std::vector<locator::Location>(kRowsMax + 1, on_wire("a", 1)))).ok());
}

TEST(ClassicWire, ASurveysReplyBecomesAliveRowsOfUnknownLife) {
  const auto result = read_classic_reply(Survey{}, list_of({on_wire("127.0.0.1", 9850), on_wire("127.0.0.1", -1)}));
  EXPECT_EQ(result.outcome, CallOutcome::answered);
  EXPECT_EQ(result.view.members, (std::vector<Member>{{at(9850), classic::kUnknownLife, MemberState::alive},
                                                      {at(65535), classic::kUnknownLife, MemberState::alive}}));
}

TEST(ClassicWire, WhoDoesNotKnowTheSurveyOrAnswersNonsenseIsNoNodeOfThatSystem) {
  using Exception = apache::thrift::TApplicationException;
  EXPECT_EQ(read_classic_reply(Survey{}, std::string("garbage")).outcome, CallOutcome::stranger);
  EXPECT_EQ(read_classic_reply(Survey{}, exception_reply(Exception::UNKNOWN_METHOD)).outcome, CallOutcome::stranger);
}

TEST(ClassicWire, WhoFailsAtTheSurveyIsNoStranger) {
  using Exception = apache::thrift::TApplicationException;
  EXPECT_EQ(read_classic_reply(Survey{}, exception_reply(Exception::INTERNAL_ERROR)).outcome, CallOutcome::broken);
}

TEST(ClassicWire, NewsIsAnsweredWhenItsConnectionEnded) {
  const auto result = read_classic_reply(news(MemberState::alive), std::string());
  EXPECT_EQ(result.outcome, CallOutcome::answered);
  EXPECT_TRUE(result.view.members.empty());
}

TEST(ClassicWire, TellsHowACallEnded) {
  for (const auto& message : {news(MemberState::removed), Message(Survey{})}) {
    const auto outcome_of = [&](ErrorKind kind) { return read_classic_reply(message, Error{kind, ""}).outcome; };
    EXPECT_EQ(outcome_of(ErrorKind::refused), CallOutcome::refused);
    EXPECT_EQ(outcome_of(ErrorKind::silent), CallOutcome::unheard);
    EXPECT_EQ(outcome_of(ErrorKind::wrong_node), CallOutcome::stranger);
    EXPECT_EQ(outcome_of(ErrorKind::local), CallOutcome::unable);
    EXPECT_EQ(outcome_of(ErrorKind::timed_out), CallOutcome::silent);
    EXPECT_EQ(outcome_of(ErrorKind::overloaded), CallOutcome::silent);
    EXPECT_EQ(outcome_of(ErrorKind::cancelled), CallOutcome::silent);
    // A call that nothing is answered to breaks; where an answer is due, nobody of that system breaks off.
    const bool is_survey = std::holds_alternative<Survey>(message);
    EXPECT_EQ(outcome_of(ErrorKind::closed), is_survey ? CallOutcome::stranger : CallOutcome::broken);
    EXPECT_EQ(outcome_of(ErrorKind::protocol), is_survey ? CallOutcome::stranger : CallOutcome::broken);
  }
}

}  // namespace
}  // namespace p2p::wire
