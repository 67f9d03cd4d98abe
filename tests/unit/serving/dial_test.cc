// Connections to names with several addresses, to none, and from a process that has no descriptor left.
#include "messages.h"
#include "old_server.h"

#include "peers/dial.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/socket.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::host {
namespace {

using std::chrono::seconds;

// No name server is asked for it: a label has 63 characters at most.
const std::string kName(70, 'x');

AddressBook::Addresses addresses(const std::vector<const char*>& texts) {
  AddressBook::Addresses all;
  for (const char* text : texts) all.push_back(asio::ip::make_address(text));
  return all;
}

class DialTest : public ::testing::Test {
 protected:
  DialTest() { loop.start(); }
  ~DialTest() override { loop.stop(); }

  // "" when it has connected.
  std::string failure_of(const Location& to, Duration timeout = seconds(60)) {
    auto ended = std::make_shared<std::promise<std::string>>();
    loop.post([this, to, timeout, ended] {
      const auto dial = std::make_shared<Dial>(loop, book, to);
      dial->start(timeout, [ended, dial](const Result<asio::ip::tcp::socket>& connected) {
        ended->set_value(connected.ok() ? "" : to_text(connected.error().kind));
      });
    });
    return ended->get_future().get();
  }
  static std::uint16_t unused_port() {
    OldServer server([](const std::shared_ptr<OldConnection>&) {});
    return server.location().port;
  }

  SilentLog log;
  Loop loop{0, log};
  AddressBook book;
};

TEST_F(DialTest, AnAddressIsConnectedTo) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  EXPECT_EQ(failure_of(server.location()), "");
}

TEST_F(DialTest, WhereNobodyListensItIsRefused) { EXPECT_EQ(failure_of({"127.0.0.1", unused_port()}), "refused"); }

TEST_F(DialTest, ANameThatDoesNotResolveSaysNothingAboutTheOtherSide) {
  EXPECT_EQ(failure_of({kName, unused_port()}), "failure of this machine");
}

TEST_F(DialTest, ANameThatDoesNotResolveAnyMoreStandsForItsLastAddresses) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  book.keep(kName, addresses({"127.0.0.1"}));
  EXPECT_EQ(failure_of({kName, server.location().port}), "");
  EXPECT_EQ(failure_of({kName, unused_port()}), "refused");
}

TEST_F(DialTest, EveryAddressOfANameIsTried) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  for (const auto& several : {addresses({"127.0.0.2", "127.0.0.3", "127.0.0.1"}), addresses({"::1", "127.0.0.1"})}) {
    book.keep(kName, several);
    EXPECT_EQ(failure_of({kName, server.location().port}), "");
    EXPECT_EQ(failure_of({kName, unused_port()}), "refused");
  }
}

// A listener whose queue is full does not answer, as a machine that is switched off.
TEST_F(DialTest, OneThatIsSilentDoesNotKeepTheNextFromBeingTried) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  asio::io_context context;
  asio::ip::tcp::acceptor full(context);
  full.open(asio::ip::tcp::v4());
  full.bind({asio::ip::make_address("127.0.0.2"), server.location().port});
  full.listen(0);
  std::vector<asio::ip::tcp::socket> waiting;
  for (int number = 0; number < 3; ++number) {
    waiting.emplace_back(context).open(asio::ip::tcp::v4());
    waiting.back().native_non_blocking(true);
    const auto endpoint = full.local_endpoint();
    (void)::connect(waiting.back().native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size()));
  }
  EXPECT_EQ(failure_of({"127.0.0.2", server.location().port}, std::chrono::milliseconds(50)), "silent");
  book.keep(kName, addresses({"127.0.0.2", "127.0.0.1"}));
  EXPECT_EQ(failure_of({kName, server.location().port}, seconds(5)), "");
}

TEST_F(DialTest, AProcessWithoutADescriptorBlamesNobody) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  const Location to = server.location();
  ASSERT_EQ(failure_of(to), "");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none_left = before;
  none_left.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none_left);
  const std::string failure = failure_of(to);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(failure, "failure of this machine");
}

}  // namespace
}  // namespace p2p::host
