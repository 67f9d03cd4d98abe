#include "ctl/status_text.h"
#include "documents/status_json.h"

#include <gtest/gtest.h>

namespace p2p::ctl {
namespace {

node::NodeStatus ready_node() {
  node::NodeStatus status;
  status.node = "127.0.0.1:9900";
  status.name = "n1";
  status.state = "ready";
  status.started_at_ms = 1'000'000;
  status.pid = 42;
  status.version = "0.1.0";
  status.cluster = "p2phost";
  status.view = 0x1a2b;
  status.members = 3;
  status.connections = 2;
  status.calls = 26;
  status.admin = "/data/admin.sock";
  status.data_dir = "/data";
  status.services.resize(1);
  node::ServiceStatus& store = status.services[0];
  store.name = "diststore";
  store.plugin = "diststore";
  store.version = "0.1.0";
  store.idl = "diststore.Store";
  store.state = "ready";
  store.calls = 26;
  store.gauges = {{"keys", 9}, {"bytes", 70}};
  return status;
}

TEST(StatusText, ShowsStateKeysCallsAndView) {
  EXPECT_EQ(status_text(ready_node(), 1'000'000 + 125'000),
            "node       127.0.0.1:9900 (n1), ready, up 2 min 5 s, pid 42, version 0.1.0\n"
            "network    p2phost, 3 members, view 0000000000001a2b\n"
            "calls      26, 0 errors, 0 passed on, 2 connections\n"
            "data       /data\n"
            "admin      /data/admin.sock\n"
            "diststore  ready, 26 calls, 0 errors, 0 in flight\n"
            "           bytes 70, keys 9\n");
}

TEST(StatusText, TellsWhatTheMachineRefusesItsNode) {
  node::NodeStatus node = ready_node();
  node.own_failures = 12;
  node.last_own_failure = "could not connect to n2:9900: Too many open files";
  node.last_own_failure_ms = 1'055'000;
  EXPECT_NE(
      status_text(node, 1'060'000)
          .find("\ntrouble    12 failures of this machine, the last 5 s ago: could not connect to n2:9900: Too many "
                "open files\n"),
      std::string::npos);
  EXPECT_EQ(documents::status_json(node)["own_failures"], 12);
}

TEST(StatusText, ServicesStandInATable) {
  node::NodeStatus node = ready_node();
  node.services[0].since_ms = 1'000'000;
  EXPECT_EQ(services_text(node, 1'000'000 + 61'000),
            "SERVICE    STATE  SINCE      CALLS  ERRORS  IN FLIGHT  PLUGIN           IDL\n"
            "diststore  ready  1 min 1 s  26     0       0          diststore 0.1.0  diststore.Store\n");
}

TEST(StatusText, WhatIsWrongWithAServiceStandsBelowIt) {
  node::NodeStatus node = ready_node();
  node.services[0].state = "disabled";
  node.services[0].version = node.services[0].idl = "";
  node.services[0].__set_problem("disabled by the operator");
  node.services[0].last_error = "no such key";
  EXPECT_EQ(services_text(node, 0),
            "SERVICE    STATE     SINCE  CALLS  ERRORS  IN FLIGHT  PLUGIN     IDL\n"
            "diststore  disabled  -      26     0       0          diststore  -\n"
            "  problem: disabled by the operator\n"
            "  last error: no such key\n");
}

TEST(StatusText, ANodeIsNotHealthyWhileAServiceComplains) {
  node::NodeStatus node = ready_node();
  node.services[0].__set_problem("the disk is full");
  EXPECT_FALSE(is_healthy(node));
}

TEST(StatusText, JsonCarriesTheGaugesAndTheViewAsText) {
  const auto json = documents::status_json(ready_node());
  EXPECT_EQ(json["services"][0]["gauges"]["keys"], 9);
  EXPECT_EQ(json["view"], "0000000000001a2b");
}

TEST(StatusText, ANodeIsHealthyWhenItIsReadyAndNoServiceHasFailed) {
  node::NodeStatus status = ready_node();
  EXPECT_TRUE(is_healthy(status));
  status.services[0].state = "disabled";
  EXPECT_TRUE(is_healthy(status));
  status.services[0].state = "failed";
  EXPECT_FALSE(is_healthy(status));
  status = ready_node();
  status.state = "draining";
  EXPECT_FALSE(is_healthy(status));
}

}  // namespace
}  // namespace p2p::ctl
