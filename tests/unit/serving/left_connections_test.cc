// What connections that calls have left behind tell of the machine at their other end.
#include "peers/left_connections.h"

#include <gtest/gtest.h>

#include <chrono>

namespace p2p::host {
namespace {

class LeftConnectionsTest : public ::testing::Test {
 protected:
  asio::ip::tcp::socket connection(const char* address = "127.0.0.1") {
    asio::ip::tcp::socket socket(context);
    socket.connect({asio::ip::make_address(address), listener.local_endpoint().port()});
    return socket;
  }
  bool is_heard() const {
    return machines.were_heard(asio::ip::make_address("127.0.0.1"), std::chrono::steady_clock::now());
  }
  void run_until_closed() {
    while (left.size() > 0) context.run_one();
  }

  asio::io_context context;
  asio::ip::tcp::acceptor listener{context, {asio::ip::address_v4::any(), 0}};
  net::MachinesHeard machines;
  LeftConnections left{context, machines};
};

TEST_F(LeftConnectionsTest, AMachineIsHeardThoughNobodyAccepts) {
  EXPECT_FALSE(is_heard());
  left.keep(connection());
  EXPECT_TRUE(is_heard());
}

TEST_F(LeftConnectionsTest, OfEachMachineOneIsKept) {
  left.keep(connection());
  left.keep(connection());
  EXPECT_EQ(left.size(), 1u);
  left.keep(connection("127.0.0.2"));
  EXPECT_EQ(left.size(), 2u);
}

TEST_F(LeftConnectionsTest, OneThatHasEndedIsClosed) {
  left.keep(connection());
  listener.close();  // as the system does for a process that ends
  run_until_closed();
}

TEST_F(LeftConnectionsTest, ALateAnswerEndsIt) {
  left.keep(connection());
  auto accepted = listener.accept();
  asio::write(accepted, asio::buffer("late", 4));
  run_until_closed();
  error_code failure;
  char byte = 0;
  accepted.read_some(asio::buffer(&byte, 1), failure);
  EXPECT_TRUE(failure) << "the other side can serve the next";
}

TEST_F(LeftConnectionsTest, AConnectionThatIsNoneIsNotKept) {
  left.keep(asio::ip::tcp::socket(context));
  EXPECT_EQ(left.size(), 0u);
}

}  // namespace
}  // namespace p2p::host
