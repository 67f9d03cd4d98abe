#include "classic/classic_peers.h"
#include "fake_peers.h"
#include "fake_ring.h"
#include "fake_strand.h"

#include <Store.h>
#include <gtest/gtest.h>

#include <optional>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;
namespace wire = ::diststore;

class ClassicPeersTest : public ::testing::Test {
 protected:
  // What `ask` was told, when the node has answered with `reply`.
  template <class Value, class Ask>
  Result<Value> asked(Ask ask, Result<std::string> reply) {
    std::optional<Result<Value>> told;
    ask([&](Result<Value> result) { told.emplace(std::move(result)); });
    sent = std::move(peers.asked.front());
    peers.asked.clear();
    EXPECT_FALSE(told) << "it waits for the reply";
    sent.done(std::move(reply));
    EXPECT_TRUE(told);
    return *told;
  }
  Result<std::string> get(Result<std::string> reply) {
    return asked<std::string>([&](auto done) { classics.get(kOther, "key", 3s, std::move(done)); }, std::move(reply));
  }
  Result<NodeAddress> get_node(Result<std::string> reply) {
    return asked<NodeAddress>([&](auto done) { classics.get_node(kOther, "key", 3s, std::move(done)); },
                              std::move(reply));
  }

  FakePeers peers;
  ClassicPeers classics{peers, std::make_shared<FakeStrand>()};
  Asked sent;  // the last message
};

TEST_F(ClassicPeersTest, AGetIsAskedAsAClientOfThe2009SystemWould) {
  const auto value = get(reply_with<wire::Store_get_result>("get", std::string("value")));
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value.value(), "value");
  EXPECT_TRUE(sent.is_classic);
  EXPECT_EQ(sent.to, kOther);
  EXPECT_EQ(sent.method(), "get");
  EXPECT_EQ(Arguments<wire::Store_get_args>(sent)->key, "key");
  EXPECT_EQ(sent.expect, Peers::Expect::reply);
  EXPECT_EQ(sent.deadline, 3s);
}

TEST_F(ClassicPeersTest, APutHasEndedWhenTheOtherSideHasExecutedIt) {
  const auto put =
      asked<Done>([&](auto done) { classics.put(kOther, "key", "value", 3s, std::move(done)); }, std::string());
  EXPECT_TRUE(put.ok());
  EXPECT_EQ(sent.method(), "put");
  EXPECT_EQ(Arguments<wire::Store_put_args>(sent)->key, "key");
  EXPECT_EQ(Arguments<wire::Store_put_args>(sent)->value, "value");
  EXPECT_EQ(sent.expect, Peers::Expect::execution);
  EXPECT_EQ(sent.deadline, 3s);
}

TEST_F(ClassicPeersTest, AnOwnersPortIsReadWithoutASign) {
  locator::Location owner;
  owner.address = "10.0.0.1";
  owner.port = -1;
  const auto node = get_node(reply_with<locator::Locator_get_node_result>("get_node", owner));
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(node.value(), (NodeAddress{"10.0.0.1", 65'535}));
  EXPECT_EQ(sent.method(), "get_node");
  EXPECT_EQ(Arguments<locator::Locator_get_node_args>(sent)->key, "key");
  EXPECT_EQ(sent.expect, Peers::Expect::reply);
}

TEST_F(ClassicPeersTest, APingWaitsForItsAnswer) {
  EXPECT_TRUE(asked<Done>([&](auto done) { classics.ping(kOther, 3s, std::move(done)); }, std::string()).ok());
  EXPECT_EQ(sent.method(), "ping");
  EXPECT_EQ(sent.expect, Peers::Expect::reply);
  const auto failed =
      asked<Done>([&](auto done) { classics.ping(kOther, 3s, std::move(done)); }, Error{ErrorKind::refused, "no"});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::refused);
}

TEST_F(ClassicPeersTest, AFarewellNamesWhoLeavesAndWhoKnowsAlready) {
  EXPECT_TRUE(asked<Done>(
                  [&](auto done) {
                    classics.remove(kOther, kSelf, {kThird, kSelf}, 3s, std::move(done));
                  },
                  std::string())
                  .ok());
  EXPECT_EQ(sent.method(), "remove");
  const Arguments<locator::Locator_remove_args> args(sent);
  EXPECT_EQ(p2p::from_wire(args->location), kSelf);
  ASSERT_EQ(args->authorities.size(), 2u);
  EXPECT_EQ(p2p::from_wire(args->authorities[0]), kThird);
  EXPECT_EQ(p2p::from_wire(args->authorities[1]), kSelf);
  EXPECT_EQ(sent.expect, Peers::Expect::execution);
}

TEST_F(ClassicPeersTest, FailuresKeepTheirKind) {
  const auto timed_out = get(Error{ErrorKind::timed_out, "too late"});
  ASSERT_FALSE(timed_out.ok());
  EXPECT_EQ(timed_out.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(timed_out.error().text, "too late");
  EXPECT_EQ(get_node(Error{ErrorKind::closed, "gone"}).error().kind, ErrorKind::closed);
  EXPECT_FALSE(get(std::string("no message at all")).ok());
  const auto failed = get(exception_with("it failed"));
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().text.find("it failed"), std::string::npos);
}

TEST_F(ClassicPeersTest, AReplyWithoutAResultIsNoValue) {
  wire::Store_get_result nothing;
  Codec codec;
  codec.binary_out().writeMessageBegin("get", apache::thrift::protocol::T_REPLY, 0);
  nothing.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  const auto value = get(std::string(codec.out().written()));
  ASSERT_FALSE(value.ok()) << "\"\" would mean that the key is missing";
  EXPECT_EQ(value.error().kind, ErrorKind::protocol);
}

// --- who is one ------------------------------------------------------------------------------------------------------

TEST_F(ClassicPeersTest, ANodeIsTakenForOneWhenItWasFoundToBeOne) {
  EXPECT_FALSE(classics.knows(kOther));
  classics.remember(kOther);
  EXPECT_TRUE(classics.knows(kOther));
  EXPECT_FALSE(classics.knows(kThird));
}

TEST_F(ClassicPeersTest, OnlySoManyAreRemembered) {
  for (std::size_t i = 0; i < kClassicPeersMax; ++i) classics.remember({"10.0.0.1", static_cast<std::uint16_t>(i)});
  EXPECT_TRUE(classics.knows({"10.0.0.1", 0}));
  classics.remember(kOther);
  EXPECT_TRUE(classics.knows(kOther));
  EXPECT_FALSE(classics.knows({"10.0.0.1", 0})) << "it is found out anew";
}

// --- what comes back -------------------------------------------------------------------------------------------------

TEST_F(ClassicPeersTest, AGetThatComesBackDuringACheckIsNoticed) {
  EXPECT_FALSE(classics.came_back("key")) << "nobody checks it";
  classics.begin_check("key");
  EXPECT_FALSE(classics.came_back("another key"));
  EXPECT_TRUE(classics.came_back("key"));
  EXPECT_TRUE(classics.came_back("key"));
  EXPECT_TRUE(classics.has_come_back("key"));
  EXPECT_TRUE(classics.is_checked("key"));
  classics.end_check("key");
  EXPECT_FALSE(classics.is_checked("key"));
  EXPECT_FALSE(classics.came_back("key")) << "the check is over";
  EXPECT_FALSE(classics.has_come_back("key"));
}

TEST_F(ClassicPeersTest, ACheckDuringWhichNothingComesBackSaysSo) {
  classics.begin_check("key");
  EXPECT_FALSE(classics.has_come_back("key"));
}

TEST_F(ClassicPeersTest, ACheckForgetsWhatCameBeforeAndLeavesOthersAlone) {
  classics.begin_check("key");
  classics.begin_check("another key");
  classics.came_back("key");
  classics.came_back("another key");
  classics.begin_check("key");
  EXPECT_FALSE(classics.has_come_back("key"));
  EXPECT_TRUE(classics.has_come_back("another key"));
}

}  // namespace
}  // namespace p2p::diststore
