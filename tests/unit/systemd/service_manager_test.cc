#include "systemd/service_manager.h"

#include "manager_socket.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>

namespace p2p::host::test {
namespace {

using namespace std::chrono_literals;

TEST(ServiceManager, HearsMessagesOnASocketFile) {
  const ManagerSocket socket;
  const ServiceManager manager = manager_of({{"NOTIFY_SOCKET", socket.name()}});
  EXPECT_TRUE(manager.is_there());
  EXPECT_TRUE(manager.tell("READY=1"));
  EXPECT_EQ(socket.receive(), "READY=1");
}

TEST(ServiceManager, HearsMessagesOnAnAbstractSocket) {
  const ManagerSocket socket("@p2phost-test-" + std::to_string(::getpid()));
  EXPECT_TRUE(manager_of({{"NOTIFY_SOCKET", socket.name()}}).tell("READY=1"));
  EXPECT_EQ(socket.receive(), "READY=1");
}

TEST(ServiceManager, HearsAReloadBeginAndEnd) {
  const ManagerSocket socket;
  const ServiceManager manager = manager_of({{"NOTIFY_SOCKET", socket.name()}});
  manager.tell_reloading();
  manager.tell_ready("reload refused: see the log");
  EXPECT_TRUE(std::regex_match(socket.receive(), std::regex("RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*")));
  EXPECT_EQ(socket.receive(), "READY=1\nSTATUS=reload refused: see the log");
}

TEST(ServiceManager, IsNotThereWithoutAUsableSocket) {
  for (const std::string& name : {std::string(), std::string("relative"), "/" + std::string(200, 'x')}) {
    const ServiceManager manager = manager_of({{"NOTIFY_SOCKET", name}, {"WATCHDOG_USEC", "1000000"}});
    EXPECT_FALSE(manager.is_there()) << name;
    EXPECT_FALSE(manager.tell("READY=1"));
    EXPECT_FALSE(manager.heartbeat_period());
  }
  EXPECT_FALSE(manager_of({}).is_there());
}

TEST(ServiceManager, ThatHasGoneHarmsNobody) {
  std::string name;
  {
    const ManagerSocket socket;
    name = socket.name();
  }
  EXPECT_FALSE(manager_of({{"NOTIFY_SOCKET", name}}).tell("READY=1"));
}

TEST(ServiceManager, ThatDoesNotReadIsNotWaitedForOnALoop) {
  const ManagerSocket socket;
  const ServiceManager manager = manager_of({{"NOTIFY_SOCKET", socket.name()}});
  while (manager.tell("WATCHDOG=1", ServiceManager::Patience::none)) continue;
  EXPECT_EQ(socket.take(), "WATCHDOG=1");
  EXPECT_TRUE(manager.tell("WATCHDOG=1", ServiceManager::Patience::none));
}

TEST(ServiceManager, WantsTheHeartbeatTwiceAsOftenAsItsPatienceLasts) {
  const ManagerSocket socket;
  const auto period = [&](std::map<std::string, std::string> variables) {
    variables["NOTIFY_SOCKET"] = socket.name();
    return manager_of(variables).heartbeat_period();
  };
  EXPECT_EQ(period({{"WATCHDOG_USEC", "30000000"}}), Duration(15s));
  EXPECT_EQ(period({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", std::to_string(kSelf)}}), Duration(15s));
  EXPECT_EQ(period({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "43"}}), std::nullopt);
  for (const char* wrong : {"", "0", "-5", "soon", "30s", "99999999999999999999"}) {
    EXPECT_EQ(period({{"WATCHDOG_USEC", wrong}}), std::nullopt) << wrong;
  }
  EXPECT_EQ(period({}), std::nullopt);
}

}  // namespace
}  // namespace p2p::host::test
