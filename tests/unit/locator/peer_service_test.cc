// The methods by which other locators reach this one: what each of them takes, and what it turns away.
#include "node_fixture.h"

#include <Membership.h>

#include <string>
#include <vector>

namespace p2p::ring {
namespace {

using std::chrono::milliseconds;
using State = ::membership::MemberState;

::membership::Member row(State::type state) {
  ::membership::Member made;
  made.address = "127.0.0.1";
  made.port = 9901;
  made.incarnation = 7;
  made.state = state;
  return made;
}

class PeerServiceTest : public NodeTest {
 protected:
  PeerServiceTest() {
    make(9900, {}).begin();
    time.pass(milliseconds(10));
  }

  // "" when the call was answered, else why not.
  template <class Result, class Args>
  std::string call(const std::string& method, const Args& args) {
    std::string why = "never answered";
    peers.call(at(9900), "locator.peer", encode_call(method, args), std::chrono::seconds(1),
               [&](const p2p::Result<std::string>& reply) {
                 const auto decoded = decode_reply<Result>(reply.value());
                 why = decoded.ok() ? "" : decoded.error().text;
               });
    time.pass(milliseconds(10));
    return why;
  }
  std::string add(State::type state) {
    ::membership::Membership_add_args args;
    args.member = row(state);
    return call<::membership::Membership_add_result>("add", args);
  }
  std::string remove(State::type state) {
    ::membership::Membership_remove_args args;
    args.member = row(state);
    return call<::membership::Membership_remove_result>("remove", args);
  }
};

TEST_F(PeerServiceTest, AnAddIsAboutAnAliveNode) {
  EXPECT_EQ(add(State::alive), "");
  EXPECT_EQ(members(9900), 2u);
}

TEST_F(PeerServiceTest, AnAddOfANodeThatIsNotAliveIsTurnedAway) {
  for (const State::type state : {State::leaving, State::removed}) {
    EXPECT_NE(add(state).find("does not fit the method"), std::string::npos);
  }
  EXPECT_EQ(nodes[9900]->rows(), 1u) << "nothing of it was heard";
}

TEST_F(PeerServiceTest, ARemoveIsAboutANodeThatLeavesOrHasLeft) {
  add(State::alive);
  EXPECT_EQ(remove(State::leaving), "");
  EXPECT_EQ(members(9900), 1u);
  EXPECT_EQ(leaving(9900), std::vector<NodeAddress>{at(9901)});
  EXPECT_EQ(remove(State::removed), "");
  EXPECT_TRUE(leaving(9900).empty());
}

TEST_F(PeerServiceTest, ARemoveOfAnAliveNodeIsTurnedAway) {
  EXPECT_NE(remove(State::alive).find("does not fit the method"), std::string::npos);
  EXPECT_EQ(nodes[9900]->rows(), 1u);
}

TEST_F(PeerServiceTest, AStateThatIsNotKnownIsTurnedAway) {
  const auto strange = static_cast<State::type>(4);
  EXPECT_NE(add(strange).find("unknown member state"), std::string::npos);
  EXPECT_NE(remove(strange).find("unknown member state"), std::string::npos);
  EXPECT_EQ(nodes[9900]->rows(), 1u);
}

}  // namespace
}  // namespace p2p::ring
