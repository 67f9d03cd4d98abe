// Membership messages as bytes: what goes in comes out, and what makes no sense is an error.
#include "classic/wire/messages.h"

#include <p2p/call.h>
#include <p2p/handlers.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace p2p::wire {
namespace {

using classic::CallOutcome;
using classic::Member;
using classic::MemberState;
using classic::View;

const View kView{0xfedcba9876543210u,
                 {{{"10.0.0.1", 9900}, 1'700'000'000'000'000, MemberState::alive},
                  {{"b", 65535}, 0, MemberState::removed},
                  {{"c", 1}, 7, MemberState::leaving}}};

::membership::Member row(std::int32_t port, std::int64_t incarnation = 1) {
  ::membership::Member made;
  made.address = "a";
  made.port = port;
  made.incarnation = incarnation;
  made.state = ::membership::MemberState::alive;
  return made;
}

TEST(MembershipWire, ATableSurvivesItsBytes) {
  const auto read = decode_table(encode_table(kView));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value(), kView);
}

TEST(MembershipWire, EveryPrefixOfATableIsAnErrorAndNoHarm) {
  const std::string bytes = encode_table(kView);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_table(std::string_view(bytes).substr(0, length)).ok()) << length;
  }
}

TEST(MembershipWire, EachStateHasItsNumberForEver) {
  const auto on_wire = to_wire(kView);
  ASSERT_EQ(on_wire.members.size(), 3u);
  EXPECT_EQ(static_cast<int>(on_wire.members[0].state), 1);
  EXPECT_EQ(static_cast<int>(on_wire.members[1].state), 2);
  EXPECT_EQ(static_cast<int>(on_wire.members[2].state), 3);
}

TEST(MembershipWire, NewsTravelsAsAnAddOnlyWhenItIsAboutAnAliveNode) {
  const auto method_of = [](MemberState state) {
    const std::string message = encode_call(classic::PassOn{{{"a", 9900}, 7, state}, {"b:1", "c:2"}});
    Codec codec;
    codec.in().attach(message);
    std::string method;
    apache::thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec.binary_in().readMessageBegin(method, type, sequence);
    ::membership::Membership_remove_args args;  // those of an add have the same fields
    args.read(&codec.binary_in());
    EXPECT_EQ(args.authorities, (std::vector<std::string>{"b:1", "c:2"}));
    return method + ' ' + std::to_string(args.member.state);
  };
  EXPECT_EQ(method_of(MemberState::alive), "add 1");
  EXPECT_EQ(method_of(MemberState::leaving), "remove 3");
  EXPECT_EQ(method_of(MemberState::removed), "remove 2");
}

TEST(MembershipWire, RowsThatCannotBeTrueAreErrors) {
  EXPECT_TRUE(from_wire(row(9900)).ok());
  EXPECT_FALSE(from_wire(row(0)).ok());
  EXPECT_FALSE(from_wire(row(-1)).ok());
  EXPECT_FALSE(from_wire(row(65536)).ok());
  EXPECT_FALSE(from_wire(row(9900, -1)).ok());
  auto strange = row(9900);
  strange.state = static_cast<::membership::MemberState::type>(77);
  EXPECT_FALSE(from_wire(strange).ok());
}

TEST(MembershipWire, ARowThatCannotBeTrueCostsATableNothingButThatRow) {
  ::membership::View view;
  view.members = {row(9900), row(0), row(9901, std::int64_t{1} << 62), row(9902)};
  const auto read = from_wire(view);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read.value().members.size(), 2u);
  EXPECT_EQ(read.value().members[1].address.port, 9902);
}

TEST(MembershipWire, MoreRowsOrVisitedNodesThanTheLimitAreErrors) {
  ::membership::View view;
  view.members.assign(kRowsMax + 1, row(9900));
  EXPECT_FALSE(from_wire(view).ok());
  EXPECT_TRUE(checked_visited_nodes(std::vector<std::string>(kVisitedNodesMax)).ok());
  EXPECT_FALSE(checked_visited_nodes(std::vector<std::string>(kVisitedNodesMax + 1)).ok());
}

TEST(MembershipWire, TellsHowACallEnded) {
  std::string why;
  EXPECT_EQ(read_reply(Error{ErrorKind::refused, "nobody"}, why).outcome, CallOutcome::refused);
  EXPECT_EQ(why, "nobody");
  EXPECT_EQ(read_reply(Error{ErrorKind::timed_out, ""}, why).outcome, CallOutcome::silent);
  EXPECT_EQ(read_reply(Error{ErrorKind::closed, ""}, why).outcome, CallOutcome::broken);
  EXPECT_EQ(read_reply(Error{ErrorKind::unsupported, ""}, why).outcome, CallOutcome::classic);
  EXPECT_EQ(read_reply(Error{ErrorKind::silent, ""}, why).outcome, CallOutcome::unheard);
  EXPECT_EQ(read_reply(Error{ErrorKind::wrong_node, ""}, why).outcome, CallOutcome::stranger);
  EXPECT_EQ(read_reply(Error{ErrorKind::local, ""}, why).outcome, CallOutcome::unable);
  EXPECT_EQ(read_reply(Error{ErrorKind::unreachable, ""}, why).outcome, CallOutcome::broken)
      << "not tried, so no evidence";
  EXPECT_EQ(read_reply(std::string("garbage"), why).outcome, CallOutcome::broken);
}

std::string refusal_of(const std::string& text) {
  Codec codec;
  apache::thrift::TApplicationException refusal(apache::thrift::TApplicationException::UNKNOWN_METHOD, text);
  codec.binary_out().writeMessageBegin("join", apache::thrift::protocol::T_EXCEPTION, 0);
  refusal.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

TEST(MembershipWire, AnExceptionInReplyIsARejection) {
  std::string why;
  EXPECT_EQ(read_reply(refusal_of("no such member"), why).outcome, CallOutcome::rejected);
  EXPECT_NE(why.find("no such member"), std::string::npos);
}

TEST(MembershipWire, ANodeWithoutALocatorIsNoMemberAndOneWhoseLocatorRestsOrLeavesMayBe) {
  std::string why;
  const auto outcome_of = [&](std::string_view prefix) {
    return read_reply(refusal_of(std::string(prefix) + "service 'locator.peer'"), why).outcome;
  };
  EXPECT_EQ(outcome_of(kUnknownPrefix), CallOutcome::stranger);
  EXPECT_EQ(outcome_of(kDisabledPrefix), CallOutcome::rejected);
  EXPECT_EQ(outcome_of(kDrainingPrefix), CallOutcome::rejected);
  EXPECT_EQ(outcome_of(kOverloadedPrefix), CallOutcome::rejected);
}

}  // namespace
}  // namespace p2p::wire
