// Connections to names with several addresses, to none, and from a process that has no descriptor left.
#include "messages.h"
#include "old_server.h"

#include "peers/dial.h"

#include <gtest/gtest.h>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
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

// Makes connections, and says how they failed.
class Dialler {
 public:
  Dialler() { loop_.start(); }
  ~Dialler() { loop_.stop(); }

  // "" when it has connected.
  std::string failure_of(const NodeAddress& to, Duration timeout = seconds(60)) {
    auto ended = std::make_shared<std::promise<std::string>>();
    loop_.post([this, to, timeout, ended] {
      const auto dial = std::make_shared<Dial>(loop_, book, machines, to);
      dial->start(timeout, [ended, dial](const Result<asio::ip::tcp::socket>& connected) {
        ended->set_value(connected.ok() ? "" : to_text(connected.error().kind));
      });
    });
    return ended->get_future().get();
  }
  static std::uint16_t unused_port() {
    OldServer server([](const std::shared_ptr<OldConnection>&) {});
    return server.address().port;
  }

  AddressBook book;
  MachinesHeard machines;

 private:
  SilentLog log_;
  Loop loop_{0, log_};
};

class DialTest : public ::testing::Test, protected Dialler {};

TEST_F(DialTest, AnAddressIsConnectedTo) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  EXPECT_EQ(failure_of(server.address()), "");
}

TEST_F(DialTest, WhereNobodyListensItIsRefused) { EXPECT_EQ(failure_of({"127.0.0.1", unused_port()}), "refused"); }

TEST_F(DialTest, ANameThatDoesNotResolveSaysNothingAboutTheOtherSide) {
  EXPECT_EQ(failure_of({kName, unused_port()}), "failure of this machine");
}

TEST_F(DialTest, ANameThatDoesNotResolveAnyMoreStandsForItsLastAddresses) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  book.keep(kName, addresses({"127.0.0.1"}));
  EXPECT_EQ(failure_of({kName, server.address().port}), "");
  EXPECT_EQ(failure_of({kName, unused_port()}), "refused");
}

TEST_F(DialTest, EveryAddressOfANameIsTried) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  for (const auto& several : {addresses({"127.0.0.2", "127.0.0.3", "127.0.0.1"}), addresses({"::1", "127.0.0.1"})}) {
    book.keep(kName, several);
    EXPECT_EQ(failure_of({kName, server.address().port}), "");
    EXPECT_EQ(failure_of({kName, unused_port()}), "refused");
  }
}

TEST_F(DialTest, OneThatIsSilentDoesNotKeepTheNextFromBeingTried) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  const FullListener full({"127.0.0.2", server.address().port});
  EXPECT_EQ(failure_of({"127.0.0.2", server.address().port}, std::chrono::milliseconds(50)), "silent");
  EXPECT_EQ(failure_of({"127.0.0.2", server.address().port}, seconds(1)), "overloaded") << "but its machine lives";
  book.keep(kName, addresses({"127.0.0.3", "127.0.0.2"}));
  EXPECT_EQ(failure_of({kName, server.address().port}, seconds(1)), "overloaded") << "whatever the other says";
  book.keep(kName, addresses({"127.0.0.2", "127.0.0.1"}));
  EXPECT_EQ(failure_of({kName, server.address().port}, seconds(5)), "");
}

// UndefinedBehaviorSanitizer looks through a pipe whether memory can be read, and takes a pipe that it cannot open for
// no.
#ifndef __SANITIZE_ADDRESS__
TEST_F(DialTest, AProcessWithoutADescriptorBlamesNobody) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  const NodeAddress to = server.address();
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
#endif

// --- on a network of the test's own ------------------------------------------------------------------------------

enum class OwnNetwork : int { as_expected = 0, otherwise = 1, not_allowed = 2 };

bool enter_own_network() {
  const int user_too = geteuid() == 0 ? 0 : CLONE_NEWUSER;
  if (::unshare(CLONE_NEWNET | user_too) != 0) return false;
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{"lo", {}};
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
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  set_in_kernel("ipv4/ip_local_port_range", "40000 40001");
  asio::io_context context;
  std::vector<asio::ip::tcp::socket> taken;
  for (int ports = 0; ports < 2; ++ports) {
    taken.emplace_back(context).connect({asio::ip::make_address("127.0.0.1"), server.address().port});
  }
  Dialler dialler;
  dialler.book.keep(kName, addresses({"127.0.0.2", "127.0.0.1"}));
  const std::string with_both = dialler.failure_of({kName, server.address().port});
  return with_both == "failure of this machine" &&
         dialler.failure_of({"127.0.0.2", server.address().port}) == "refused";
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
}  // namespace p2p::host
