#include "systemd/notification.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using namespace std::chrono_literals;

TEST(Notification, SaysWhatAServiceManagerReads) {
  EXPECT_EQ(starting_notification("starting", 60s), "STATUS=starting\nEXTEND_TIMEOUT_USEC=60000000");
  EXPECT_EQ(ready_notification("ready: 127.0.0.1:9900"), "READY=1\nSTATUS=ready: 127.0.0.1:9900");
  EXPECT_EQ(stopping_notification("stopping", 15s), "STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=15000000");
  EXPECT_EQ(status_notification("x"), "STATUS=x");
  EXPECT_EQ(alive_notification(), "WATCHDOG=1");
}

TEST(Notification, TellsAReloadAndItsTimeInOneMessage) {
  EXPECT_EQ(reloading_notification(123456us), "RELOADING=1\nMONOTONIC_USEC=123456");
}

TEST(Notification, AStatusCannotForgeFurtherFields) {
  EXPECT_EQ(status_notification("one\nREADY=1\r\n"), "STATUS=one READY=1  ");
}

}  // namespace
}  // namespace p2p::host
