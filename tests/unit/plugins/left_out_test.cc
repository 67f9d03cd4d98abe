// Which services does a start go without? Configurations by hand, notes of crashes as a signal handler writes them.
#include "preflight/left_out.h"
#include "crash/quarantine.h"
#include "scratch_folder.h"

#include <gtest/gtest.h>

#include <csignal>

namespace p2p::host::test {
namespace {

using Names = std::vector<std::string>;

class NoLog final : public Logger {
 protected:
  void write(LogLevel, std::string_view) noexcept override {}
};

// ring <- store <- cache, and alone; each runs the plugin of its own name.
LoadedConfiguration configuration(const std::set<std::string>& required) {
  LoadedConfiguration loaded;
  const auto add = [&](const std::string& name, Names provides, Names requires_) {
    ServiceConfig service;
    service.name = service.plugin = name;
    service.required = required.contains(name);
    loaded.config.services.push_back(service);
    PluginFile file;
    file.description.name = name;
    file.description.provides = std::move(provides);
    file.description.required = std::move(requires_);
    loaded.plugins.emplace(name, std::move(file));
    loaded.start_order.push_back(name);
  };
  add("ring", {"Ring/1"}, {});
  add("store", {"Store/1"}, {"Ring/1"});
  add("cache", {}, {"Store/1"});
  add("alone", {}, {});
  return loaded;
}

const ServiceConfig& service(const LoadedConfiguration& loaded, const std::string& name) {
  for (const ServiceConfig& each : loaded.config.services) {
    if (each.name == name) return each;
  }
  throw std::out_of_range(name);
}

Quarantine crashed(const ScratchFolder& folder, const std::string& plugin) {
  std::string notes;
  for (int time = 0; time < 3; ++time) notes += crash_note_line({time, SIGABRT, plugin, "0.1.0", "", "t"}).view();
  NoLog log;
  return Quarantine(folder.write("crash.notes", notes), log);
}

TEST(LeftOut, APluginThatCrashesTakesItsDependentsWithIt) {
  const ScratchFolder folder;
  LoadedConfiguration loaded = configuration({"ring"});
  EXPECT_EQ(leave_out_crashers(loaded, crashed(folder, "store")), Names{});
  EXPECT_EQ(loaded.start_order, (Names{"ring", "alone"}));
  EXPECT_FALSE(service(loaded, "store").enabled);
  EXPECT_EQ(service(loaded, "store").left_out,
            "its plugin store crashed this node 3 times within 5 minutes, last with signal 6 (SIGABRT) as version "
            "0.1.0; to bring it back: p2pctl enable store (or, while the node is stopped, delete " +
                (folder.path() / "crash.notes").string() + ")");
  EXPECT_FALSE(service(loaded, "cache").enabled);
  EXPECT_EQ(service(loaded, "cache").left_out, "it requires Store/1 of service store, which is left out");
  EXPECT_FALSE(service(loaded, "store").is_left_out_on_purpose);
  EXPECT_TRUE(service(loaded, "alone").enabled);
  EXPECT_EQ(left_out_lines(loaded).size(), 2u);
}

TEST(LeftOut, WhatARequiredServiceNeedsStartsAnywayAndIsTold) {
  const ScratchFolder folder;
  LoadedConfiguration loaded = configuration({"cache"});
  const Names told = leave_out_crashers(loaded, crashed(folder, "ring"));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].find("service ring starts although its plugin ring crashed this node 3 times"), 0u) << told[0];
  EXPECT_EQ(loaded.start_order.size(), 4u);
  EXPECT_EQ(left_out_lines(loaded), Names{});
}

TEST(LeftOut, SafeModeKeepsRequiredServicesAndWhatTheyNeed) {
  LoadedConfiguration loaded = configuration({"store"});
  leave_out_for_safe_mode(loaded);
  EXPECT_EQ(loaded.start_order, (Names{"ring", "store"}));
  EXPECT_EQ(left_out_lines(loaded), (Names{"service cache is left out: --safe-mode starts required services only",
                                           "service alone is left out: --safe-mode starts required services only"}));
  EXPECT_TRUE(service(loaded, "alone").is_left_out_on_purpose);
  EXPECT_FALSE(service(loaded, "ring").is_left_out_on_purpose);
}

TEST(LeftOut, SafeModeWithoutRequiredServicesStartsNone) {
  LoadedConfiguration loaded = configuration({});
  leave_out_for_safe_mode(loaded);
  EXPECT_EQ(loaded.start_order, Names{});
}

TEST(LeftOut, ServicesThatWouldNotStartAnywayStayAsTheyAre) {
  LoadedConfiguration loaded = configuration({"ring"});
  std::erase(loaded.start_order, "store");  // its plugin was refused
  leave_out(loaded, {{"store", "why"}, {"nobody", "why"}});
  EXPECT_EQ(left_out_lines(loaded), Names{});
}

}  // namespace
}  // namespace p2p::host::test
