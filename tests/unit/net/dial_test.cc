// Connections to names with several addresses, to none, and from a process that has no descriptor left.
#include "listeners.h"

#include "net/dial.h"

#include <p2p/sanitizer.h>

#include <gtest/gtest.h>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::net {
namespace {

using asio::ip::tcp;
using std::chrono::seconds;

// No name server is asked for it: a label has 63 characters at most.
const std::string kName(70, 'x');

AddressBook::Addresses addresses(const std::vector<const char*>& texts) {
  AddressBook::Addresses all;
  for (const char* text : texts) all.push_back(asio::ip::make_address(text));
  return all;
}

// Makes connections, and says how they failed.
class Dialler {
 public:
  Result<tcp::socket> dial(const NodeAddress& to, Duration timeout = seconds(60)) {
    std::optional<Result<tcp::socket>> ended;
    const auto dial = std::make_shared<Dial>(io_, to, options);
    dial->start(timeout, [&ended](Result<tcp::socket> connected) {
      EXPECT_FALSE(ended) << "it ends once";
      ended.emplace(std::move(connected));
    });
    io_.restart();
    io_.run();  // returns: nothing of it is left
    return std::move(*ended);
  }
  // The kind of error; "" when it has connected.
  std::string failure_of(const NodeAddress& to, Duration timeout = seconds(60)) {
    const auto connected = dial(to, timeout);
    return connected.ok() ? "" : to_text(connected.error().kind);
  }

  AddressBook book;
  MachinesHeard machines;
  DialOptions options{.book = &book, .machines = &machines};

 protected:
  asio::io_context io_;
};

class DialTest : public ::testing::Test, protected Dialler {
 protected:
  const Listener node_;
  const Refuser nobody_;
};

TEST_F(DialTest, AnAddressIsConnectedTo) { EXPECT_EQ(failure_of(node_.address()), ""); }

TEST_F(DialTest, WhereNobodyListensItIsRefused) { EXPECT_EQ(failure_of(nobody_.address()), "refused"); }

TEST_F(DialTest, ANameIsResolved) {
  EXPECT_EQ(failure_of({"localhost", node_.address().port}), "");
  EXPECT_FALSE(book.last("localhost").empty()) << "and its addresses are remembered";
}

TEST_F(DialTest, ANameThatDoesNotResolveSaysNothingAboutTheOtherSide) {
  EXPECT_EQ(failure_of({kName, nobody_.address().port}), "failure of this machine");
  options.book = nullptr;
  EXPECT_EQ(failure_of({kName, nobody_.address().port}), "failure of this machine");
}

TEST_F(DialTest, ANameThatDoesNotResolveAnyMoreStandsForItsLastAddresses) {
  book.keep(kName, addresses({"127.0.0.1"}));
  EXPECT_EQ(failure_of({kName, node_.address().port}), "");
  EXPECT_EQ(failure_of({kName, nobody_.address().port}), "refused");
}

TEST_F(DialTest, EveryAddressOfANameIsTried) {
  for (const auto& several : {addresses({"127.0.0.2", "127.0.0.3", "127.0.0.1"}), addresses({"::1", "127.0.0.1"})}) {
    book.keep(kName, several);
    EXPECT_EQ(failure_of({kName, node_.address().port}), "");
    EXPECT_EQ(failure_of({kName, nobody_.address().port}), "refused");
  }
}

TEST_F(DialTest, NoMoreAddressesAreTriedThanTheLimit) {
  std::vector<const char*> many(kAddressesMax, "127.0.0.2");
  many.push_back("127.0.0.1");
  book.keep(kName, addresses(many));
  EXPECT_EQ(failure_of({kName, node_.address().port}), "refused");
}

TEST_F(DialTest, TheFirstAddressToTryMayBeChosen) {
  const tcp::acceptor other(io_, {asio::ip::make_address("127.0.0.2"), node_.address().port});
  book.keep(kName, addresses({"127.0.0.1", "127.0.0.2"}));
  for (const std::size_t first : {0, 1, 2, 3}) {
    options.first_address = first;
    const auto connected = dial({kName, node_.address().port});
    ASSERT_TRUE(connected.ok());
    EXPECT_EQ(connected.value().remote_endpoint().address().to_string(), first % 2 == 0 ? "127.0.0.1" : "127.0.0.2");
  }
}

TEST_F(DialTest, WhenNoneStandsEachIsNamedWithItsReason) {
  const auto one = dial(nobody_.address());
  EXPECT_EQ(one.error().text, "Connection refused") << "whoever asked for an address knows it";
  book.keep(kName, addresses({"127.0.0.2", "127.0.0.3"}));
  const std::string all = dial({kName, nobody_.address().port}).error().text;
  EXPECT_EQ(all.find("cannot resolve '" + kName + "': "), 0U) << all;
  const std::string ends = "; 127.0.0.2: Connection refused; 127.0.0.3: Connection refused";
  ASSERT_GT(all.size(), ends.size());
  EXPECT_EQ(all.substr(all.size() - ends.size()), ends);
}

TEST_F(DialTest, OneThatIsSilentDoesNotKeepTheNextFromBeingTried) {
  const std::uint16_t port = node_.address().port;
  const FullListener full({"127.0.0.2", port});
  EXPECT_EQ(failure_of({"127.0.0.2", port}, std::chrono::milliseconds(50)), "silent");
  EXPECT_EQ(failure_of({"127.0.0.2", port}, seconds(1)), "overloaded") << "but its machine lives";
  book.keep(kName, addresses({"127.0.0.3", "127.0.0.2"}));
  EXPECT_EQ(failure_of({kName, port}, seconds(1)), "overloaded") << "whatever the other says";
  book.keep(kName, addresses({"127.0.0.2", "127.0.0.1"}));
  EXPECT_EQ(failure_of({kName, port}), "");
}

TEST_F(DialTest, WhereNobodyIsProbedSilenceIsSilence) {
  options.machines = nullptr;
  options.timeout_name = "the limit";
  const FullListener full({"127.0.0.1", 0});
  const auto silent = dial(full.address(), std::chrono::milliseconds(600));
  EXPECT_EQ(silent.error().kind, ErrorKind::silent);
  EXPECT_EQ(silent.error().text, "no answer within the limit");
}

TEST_F(DialTest, WhatIsCancelledNeverEnds) {
  const FullListener full({"127.0.0.2", node_.address().port});
  book.keep(kName, addresses({"127.0.0.2", "127.0.0.1"}));
  for (const NodeAddress& to : {full.address(), NodeAddress{kName, node_.address().port}}) {
    const auto dial = std::make_shared<Dial>(io_, to, options);
    dial->start(seconds(60), [](const Result<tcp::socket>&) { FAIL(); });
    dial->cancel();
    io_.restart();
    io_.run();
  }
}

// UndefinedBehaviorSanitizer looks through a pipe whether memory can be read, and takes a pipe that it cannot open for
// no.
#ifndef P2P_SANITIZES_ADDRESS
TEST_F(DialTest, AProcessWithoutADescriptorBlamesNobody) {
  ASSERT_EQ(failure_of(node_.address()), "");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none_left = before;
  none_left.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none_left);
  const std::string failure = failure_of(node_.address());
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(failure, "failure of this machine");
}
#endif

// --- on a network of the test's own ------------------------------------------------------------------------------

enum class OwnNetwork : int { as_expected = 0, otherwise = 1, not_allowed = 2 };

bool enter_own_network() {
  const int user_too = geteuid() == 0 ? 0 : CLONE_NEWUSER;
  if (::unshare(CLONE_NEWNET | user_too) != 0) return false;
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{};
  loopback.ifr_name[0] = 'l';
  loopback.ifr_name[1] = 'o';
  loopback.ifr_flags = IFF_UP;
  const bool is_up = ::ioctl(socket, SIOCSIFFLAGS, &loopback) == 0;
  ::close(socket);
  return is_up;
}

// In a process of its own, since nobody comes back from there.
OwnNetwork in_own_network(bool (*is_as_expected)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    const OwnNetwork outcome = !enter_own_network() ? OwnNetwork::not_allowed
                               : is_as_expected()   ? OwnNetwork::as_expected
                                                    : OwnNetwork::otherwise;
    ::_exit(static_cast<int>(outcome));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? OwnNetwork{WEXITSTATUS(status)} : OwnNetwork::otherwise;
}

void set_in_kernel(const char* name, const char* value) {
  std::ofstream("/proc/sys/net/" + std::string(name)) << value;
}

// Of a name's two addresses one refuses, and to the other this machine has used up its ports.
bool blames_nobody_without_a_port() {
  const Listener node;
  set_in_kernel("ipv4/ip_local_port_range", "40000 40001");
  asio::io_context context;
  std::vector<tcp::socket> taken;
  for (int ports = 0; ports < 2; ++ports) {
    taken.emplace_back(context).connect({asio::ip::make_address("127.0.0.1"), node.address().port});
  }
  Dialler dialler;
  dialler.book.keep(kName, addresses({"127.0.0.2", "127.0.0.1"}));
  const std::string with_both = dialler.failure_of({kName, node.address().port});
  return with_both == "failure of this machine" && dialler.failure_of({"127.0.0.2", node.address().port}) == "refused";
}

bool is_refused_where_the_other_address_is_of_a_kind_this_machine_lacks() {
  set_in_kernel("ipv6/conf/lo/disable_ipv6", "1");
  Dialler dialler;
  dialler.book.keep(kName, addresses({"127.0.0.2", "::1"}));
  return dialler.failure_of({kName, 9}) == "refused";
}

TEST(DialOnItsOwnNetwork, WhoHasNoPortLeftToOneAddressBlamesNobodyForTheOther) {
  const OwnNetwork outcome = in_own_network(blames_nobody_without_a_port);
  ASSERT_NE(outcome, OwnNetwork::not_allowed) << "it takes a network namespace of its own";
  EXPECT_EQ(outcome, OwnNetwork::as_expected);
}

TEST(DialOnItsOwnNetwork, AnAddressOfAKindThatThisMachineLacksSaysNothing) {
  const OwnNetwork outcome = in_own_network(is_refused_where_the_other_address_is_of_a_kind_this_machine_lacks);
  ASSERT_NE(outcome, OwnNetwork::not_allowed) << "it takes a network namespace of its own";
  EXPECT_EQ(outcome, OwnNetwork::as_expected);
}

}  // namespace
}  // namespace p2p::net
