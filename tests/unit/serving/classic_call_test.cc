// Calls of nodes of the 2009 system through the pool that services use, over real sockets on loopback.
#include "pool_test.h"

#include "serving/message_head.h"

#include <p2p/call.h>
#include <p2p/handlers.h>

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

namespace p2p::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Expect = Peers::Expect;
using Connection = std::shared_ptr<OldConnection>;

class ClassicCallTest : public PoolTest {
 protected:
  std::future<Result<std::string>> call(const NodeAddress& to, Expect expect, Duration deadline = seconds(60)) {
    auto ended = std::make_shared<std::promise<Result<std::string>>>();
    auto result = ended->get_future();
    pool.call_classic(to, kCall, expect, deadline,
                      [ended](Result<std::string> reply) { ended->set_value(std::move(reply)); });
    return result;
  }
};

TEST_F(ClassicCallTest, AReplyIsHandedOverWholeAndTheConnectionIsClosed) {
  std::promise<std::string> heard;
  std::promise<std::string> heard_to_the_end;
  OldServer server([&](const Connection& connection) {
    connection->read_message([&, connection](const std::string& message) {
      heard.set_value(message);
      connection->write(kReply);
      connection->read_to_the_end([&](const std::string& all) { heard_to_the_end.set_value(all); });
    });
  });
  const auto result = call(server.address(), Expect::reply).get();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value(), kReply);
  EXPECT_EQ(heard.get_future().get(), kCall);
  EXPECT_EQ(heard_to_the_end.get_future().get(), kCall) << "one call a connection";
}

TEST_F(ClassicCallTest, AReplyThatComesInPiecesIsWaitedFor) {
  OldConnection* kept = nullptr;
  std::promise<void> has_begun;
  OldServer server([&](const Connection& connection) {
    kept = connection.get();
    connection->read_message([&](const std::string&) {
      kept->write(kReply.substr(0, 30));
      has_begun.set_value();
    });
  });
  auto ended = call(server.address(), Expect::reply);
  has_begun.get_future().wait();
  pass_through_the_loop();
  EXPECT_EQ(ended.wait_for(seconds(0)), std::future_status::timeout);
  server.loop().post([&] { kept->write(kReply.substr(30)); });
  const auto result = ended.get();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value(), kReply);
}

TEST_F(ClassicCallTest, WhatFollowsAReplyIsNotPartOfIt) {
  OldServer server([](const Connection& connection) {
    connection->read_message([connection](const std::string&) { connection->write(kReply + "and more"); });
  });
  const auto result = call(server.address(), Expect::reply).get();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value(), kReply);
}

TEST_F(ClassicCallTest, EveryCallHasAConnectionOfItsOwn) {
  OldServer server([](const Connection& connection) {
    connection->read_message([connection](const std::string&) { connection->write(kReply); });
  });
  for (int calls = 1; calls <= 3; ++calls) {
    EXPECT_EQ(failure_of(call(server.address(), Expect::reply)), "");
    EXPECT_EQ(server.connections(), calls);
  }
}

TEST_F(ClassicCallTest, ACallThatIsToBeExecutedEndsWhenTheOtherSideHasClosedTheConnection) {
  OldConnection* kept = nullptr;
  std::promise<std::string> heard;
  OldServer server([&](const Connection& connection) {
    kept = connection.get();
    connection->read_to_the_end([&](const std::string& all) { heard.set_value(all); });
  });
  auto ended = call(server.address(), Expect::execution);
  EXPECT_EQ(heard.get_future().get(), kCall) << "and it has been told that no other call follows";
  pass_through_the_loop();
  EXPECT_EQ(ended.wait_for(seconds(0)), std::future_status::timeout) << "it is not executed yet";
  server.loop().post([&] { kept->close(); });
  const auto result = ended.get();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value(), "");
}

TEST_F(ClassicCallTest, WhatIsSaidBeforeACallHasBeenExecutedIsNoEnd) {
  OldConnection* kept = nullptr;
  std::promise<void> has_written;
  OldServer server([&](const Connection& connection) {
    kept = connection.get();
    connection->read_to_the_end([&](const std::string&) {
      kept->write(kReply);
      has_written.set_value();
    });
  });
  auto ended = call(server.address(), Expect::execution);
  has_written.get_future().wait();
  pass_through_the_loop();
  EXPECT_EQ(ended.wait_for(seconds(0)), std::future_status::timeout);
  server.loop().post([&] { kept->close(); });
  EXPECT_EQ(failure_of(std::move(ended)), "");
}

TEST_F(ClassicCallTest, ACallThatNothingIsExpectedOfEndsWhenItIsSent) {
  std::promise<std::string> heard;
  OldServer server([&](const Connection& connection) {
    connection->read_to_the_end([&](const std::string& all) { heard.set_value(all); });
  });
  EXPECT_EQ(failure_of(call(server.address(), Expect::nothing)), "") << "though the other side says nothing";
  EXPECT_EQ(heard.get_future().get(), kCall);
}

TEST_F(ClassicCallTest, WhereNobodyListensACallIsRefused) {
  const NodeAddress nobody = this->nobody();
  for (const Expect expect : {Expect::reply, Expect::execution, Expect::nothing}) {
    const auto result = call(nobody, expect).get();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().kind, ErrorKind::refused);
    EXPECT_EQ(result.error().text.rfind(nobody.name(), 0), 0u) << "it says whom it speaks of";
  }
}

TEST_F(ClassicCallTest, WhoDoesNotAnswerBeforeTheDeadlineTimesOut) {
  OldServer server([](const Connection&) {});
  EXPECT_EQ(failure_of(call(server.address(), Expect::reply, milliseconds(20))), "timed out");
}

TEST_F(ClassicCallTest, ACallWhoseTimeIsOverBeforeItHasAConnectionIsNotExecutedAndSaysNothingOfTheNode) {
  const FullListener full({"127.0.0.1", 0});
  for (const Expect expect : {Expect::reply, Expect::execution, Expect::nothing}) {
    const auto result = call(full.address(), expect, milliseconds(20)).get();
    ASSERT_FALSE(result.ok());
    EXPECT_FALSE(may_have_run(result.error().kind)) << result.error().text;
    EXPECT_EQ(result.error().kind, ErrorKind::local) << result.error().text;
  }
}

TEST_F(ClassicCallTest, AConnectionWithoutAnAnswerInTimeIsLeftOpenUntilSomethingComes) {
  OldConnection* kept = nullptr;
  std::promise<void> closed;
  auto has_closed = closed.get_future();
  OldServer server([&](const Connection& connection) {
    kept = connection.get();
    kept->read_to_the_end([&](const std::string&) { closed.set_value(); });
  });
  EXPECT_EQ(failure_of(call(server.address(), Expect::reply, milliseconds(200))), "timed out");
  pass_through_the_loop();
  EXPECT_EQ(has_closed.wait_for(seconds(0)), std::future_status::timeout);
  server.loop().post([&] { kept->write(kReply); });
  has_closed.get();
}

TEST_F(ClassicCallTest, WhoDoesNotCloseBeforeTheDeadlineTimesOut) {
  OldServer server([](const Connection&) {});
  EXPECT_EQ(failure_of(call(server.address(), Expect::execution, milliseconds(20))), "timed out");
}

TEST_F(ClassicCallTest, WhoEndsOrBreaksTheConnectionBeforeItsReplyHasClosedIt) {
  for (const bool is_broken : {false, true}) {
    SCOPED_TRACE(is_broken);
    OldServer server([is_broken](const Connection& connection) {
      connection->read_message([connection, is_broken](const std::string&) {
        connection->write(kReply.substr(0, 30));
        is_broken ? connection->reset() : connection->close();
      });
    });
    EXPECT_EQ(failure_of(call(server.address(), Expect::reply)), "closed");
  }
}

TEST_F(ClassicCallTest, WhoBreaksTheConnectionHasNotExecutedTheCall) {
  OldServer server([](const Connection& connection) {
    connection->read_to_the_end([connection](const std::string&) { connection->reset(); });
  });
  EXPECT_EQ(failure_of(call(server.address(), Expect::execution)), "closed");
}

TEST_F(ClassicCallTest, WhatIsNoMessageIsAnErrorOfTheProtocol) {
  OldServer server([](const Connection& connection) {
    connection->read_message([connection](const std::string&) { connection->write("HTTP/1.1 400 Bad Request\r\n"); });
  });
  EXPECT_EQ(failure_of(call(server.address(), Expect::reply)), "protocol error");
}

TEST_F(ClassicCallTest, AReplyThatIsLargerThanTheLimitIsAnErrorOfTheProtocol) {
  const std::string large = read_call(Encoding::binary, "get", std::string(1000, 'x'), 0);
  OldServer server([&](const Connection& connection) {
    connection->read_message([&, connection](const std::string&) { connection->write(large); });
  });
  EXPECT_EQ(failure_of(call(server.address(), Expect::reply)), "protocol error");
}

TEST_F(ClassicCallTest, AShutDownClosesCallsUnderWayAndCancelsLaterOnes) {
  std::promise<void> has_come;
  OldServer server([&](const Connection& connection) {
    connection->read_message([&](const std::string&) { has_come.set_value(); });
  });
  auto under_way = call(server.address(), Expect::execution);
  has_come.get_future().wait();
  pool.shut_down();
  EXPECT_EQ(failure_of(std::move(under_way)), "closed") << "it may be executed yet";
  EXPECT_EQ(failure_of(call(server.address(), Expect::reply)), "cancelled");
  EXPECT_EQ(server.connections(), 1);
}

// --- found out by its answer to a hello ------------------------------------------------------------------------------

using Exception = apache::thrift::TApplicationException;

std::string exception_to(const std::string& message, Exception::TApplicationExceptionType type) {
  const auto head = read_head(message, Encoding::binary);
  Codec codec;
  codec.binary_out().writeMessageBegin(std::string(head.value().name), apache::thrift::protocol::T_EXCEPTION,
                                       head.value().sequence);
  Exception(type, "no").write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

TEST_F(ClassicCallTest, ANodeThatDoesNotKnowTheHelloIsOfThe2009SystemAndNotAskedAgainSoon) {
  std::promise<void> has_closed;
  OldServer server([&](const Connection& connection) {
    connection->read_message([&, connection](const std::string& message) {
      connection->write(exception_to(message, Exception::UNKNOWN_METHOD));
      connection->read_to_the_end([&](const std::string&) { has_closed.set_value(); });
    });
  });
  for (int calls = 0; calls < 3; ++calls) EXPECT_EQ(failure_of(call_ours(server.address())), "unsupported");
  has_closed.get_future().wait();
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClassicCallTest, ANodeThatFailsAtTheHelloInAnotherWayIsNotOfThe2009System) {
  OldServer server([](const Connection& connection) {
    connection->read_message([connection](const std::string& message) {
      connection->write(exception_to(message, Exception::INTERNAL_ERROR));
    });
  });
  // It is asked again, after a pause in which calls fail as the first one did. None was executed.
  while (server.connections() < 2) ASSERT_EQ(failure_of(call_ours(server.address())), "unreachable");
}

}  // namespace
}  // namespace p2p::host
