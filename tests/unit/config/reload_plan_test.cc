#include "lifecycle/reload_plan.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using Action = ServiceChange::Action;
using Names = std::vector<std::string>;

ServiceConfig service(const std::string& name, std::int64_t size = 1) {
  ServiceConfig config;
  config.name = config.plugin = name;
  config.config = Config("services." + name + ".config", {{"size", {size, "test"}}});
  return config;
}

HostConfig with(std::vector<ServiceConfig> services) {
  HostConfig config;
  config.services = std::move(services);
  return config;
}

TEST(ReloadPlan, EqualConfigurationsChangeNothing) {
  const HostConfig config = with({service("a"), service("b")});
  const ReloadPlan plan = plan_reload(config, {"a", "b"}, config, {"a", "b"});
  EXPECT_TRUE(plan.is_empty());
  EXPECT_EQ(plan_lines(plan), Names{"nothing to change"});
}

TEST(ReloadPlan, WhereAValueStandsIsNoChange) {
  const HostConfig now = with({service("a")});
  HostConfig next = now;
  next.services[0].config = Config("services.a.config", {{"size", {std::int64_t{1}, "elsewhere"}}});
  EXPECT_TRUE(plan_reload(now, {"a"}, next, {"a"}).is_empty());
}

TEST(ReloadPlan, UsersStopBeforeTheirProvidersAndStartBehindThem) {
  const HostConfig both = with({service("provider"), service("user")});
  HostConfig none = both;
  for (auto& one : none.services) one.enabled = false;
  const auto stops = plan_reload(both, {"provider", "user"}, none, {}).services;
  ASSERT_EQ(stops.size(), 2u);
  EXPECT_EQ(stops[0], (ServiceChange{Action::stop, "user", "services.user is disabled"}));
  EXPECT_EQ(stops[1].service, "provider");
  const auto starts = plan_reload(none, {}, both, {"provider", "user"}).services;
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[0], (ServiceChange{Action::start, "provider", "services.provider is enabled"}));
  EXPECT_EQ(starts[1].service, "user");
}

TEST(ReloadPlan, AServiceThatIsNamedNoMoreStops) {
  const auto changes = plan_reload(with({service("a")}), {"a"}, with({}), {}).services;
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(change_line(changes[0]), "stop a: there is no [services.a] any more");
}

TEST(ReloadPlan, OptionsAreReconfiguredAndAnotherPluginTakesARestart) {
  HostConfig next = with({service("a", 2), service("b", 2)});
  next.services[1].plugin = "c";
  const auto changes = plan_reload(with({service("a"), service("b")}), {"a", "b"}, next, {"a", "b"}).services;
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0], (ServiceChange{Action::reconfigure, "a", "config.size"}));
  EXPECT_EQ(changes[1], (ServiceChange{Action::restart, "b", "plugin: b -> c"}));
}

TEST(ReloadPlan, WhatDoesNotRunButShallIsStartedWhateverTheReason) {
  const HostConfig config = with({service("a")});
  const auto changes = plan_reload(config, {}, config, {"a"}).services;
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].action, Action::start);
}

TEST(ReloadPlan, KeysOfTheHostChangeInPlaceOrTakeARestart) {
  const HostConfig now;
  HostConfig next;
  next.call_timeout = std::chrono::seconds(7);
  next.connections_max = 7;
  next.log_level = LogLevel::debug;
  next.data_dir = "elsewhere";
  const ReloadPlan plan = plan_reload(now, {}, next, {});
  EXPECT_EQ(plan.live, (Names{"host.call_timeout: 5s -> 7s", "log.level: info -> debug"}));
  EXPECT_EQ(plan.needs_restart, (Names{"host.data_dir: \"\" -> elsewhere", "host.connections_max: 10000 -> 7"}));
}

TEST(ReloadPlan, AServicesOwnLogLevelIsItsOwnAffair) {
  HostConfig now = with({service("own"), service("common")});
  now.services[0].log_level = LogLevel::info;
  HostConfig next = now;
  next.log_level = LogLevel::debug;
  const ReloadPlan plan = plan_reload(now, {"own", "common"}, next, {"own", "common"});
  EXPECT_EQ(plan.live, (Names{"log.level: info -> debug", "services.common.log_level: info -> debug"}));
}

}  // namespace
}  // namespace p2p::host
