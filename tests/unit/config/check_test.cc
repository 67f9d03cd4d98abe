#include "configuration_text.h"
#include "text/foreign_text.h"

#include "config/host_keys.h"
#include "config/print_config.h"

#include <gtest/gtest.h>

namespace p2p::host::test {
namespace {

using std::chrono::seconds;

TEST(Check, AnEmptyTextGivesTheDefaults) {
  const Checked checked("");
  EXPECT_EQ(checked.messages(), "");
  EXPECT_EQ(checked.config().listen, (NodeAddress{"127.0.0.1", 9900}));
  EXPECT_EQ(checked.config().port_search, 40u);
  EXPECT_EQ(checked.config().frame_bytes_max, 16u << 20);
  EXPECT_EQ(checked.config().idle_timeout, std::chrono::minutes(10));
  EXPECT_EQ(checked.config().log_level, LogLevel::info);
  EXPECT_TRUE(checked.config().services.empty());
}

TEST(Check, EveryHostKeysDefaultIsWithinItsRange) {
  for (const HostKey& key : host_keys()) {
    const auto value = read_text(key.option, key.option.default_text);
    ASSERT_TRUE(value.ok()) << key.option.key << ' ' << value.error().text;
    HostConfig config;
    EXPECT_TRUE(store(key, value.value(), config).ok()) << key.option.key;
  }
}

TEST(Check, ReadsEveryTypeOfHostKey) {
  const Checked checked(R"([host]
listen = "0.0.0.0:0"
advertise = "[fd00::1]:0"
io_threads = 2
call_timeout = "1500ms"
frame_bytes_max = "1MiB"
reply_bytes_max = 1048576
waiting_bytes_max = "1GiB"
default_service = ["locator"]
allow_remote_die = true
[log]
level = "debug"
[services.locator]
)");
  EXPECT_EQ(checked.messages(), "");
  EXPECT_EQ(checked.config().listen, (NodeAddress{"0.0.0.0", 0}));
  EXPECT_EQ(checked.config().advertise, (NodeAddress{"fd00::1", 0}));
  EXPECT_EQ(checked.config().io_threads, 2u);
  EXPECT_EQ(checked.config().call_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(checked.config().frame_bytes_max, 1u << 20);
  EXPECT_EQ(checked.config().reply_bytes_max, 1u << 20);
  EXPECT_EQ(checked.config().waiting_bytes_max, 1u << 30);
  EXPECT_EQ(checked.config().default_service, std::vector<std::string>{"locator"});
  EXPECT_TRUE(checked.config().allow_remote_die);
  EXPECT_EQ(checked.config().log_level, LogLevel::debug);
}

// What is said of one text, without its place.
std::string said_of_host(const std::string& host) {
  const std::string text = Checked("[host]\n" + host + "\n").messages();
  const std::string begin = "error: ";
  const auto at = text.find(begin);
  return at == std::string::npos ? text : text.substr(at + begin.size(), text.find('\n', at) - at - begin.size());
}

TEST(Check, AnAddressWhereNobodyCanBeReachedIsNoneToAdvertise) {
  EXPECT_EQ(said_of_host("advertise = \"0.0.0.0:9900\""),
            "host.advertise '0.0.0.0:9900' is no address that others can reach");
  EXPECT_EQ(said_of_host("advertise = \"[::]:9900\""),
            "host.advertise '[::]:9900' is no address that others can reach");
  for (const std::string address : {"224.0.0.1:9900", "255.255.255.255:9900", "[ff02::1]:9900"}) {
    EXPECT_EQ(said_of_host("advertise = \"" + address + "\""),
              "host.advertise '" + address + "' is an address of many machines, where others cannot connect to");
    EXPECT_EQ(said_of_host("listen = \"" + address + "\""),
              "host.listen '" + address + "' is an address of many machines, which nobody can listen on");
  }
  EXPECT_EQ(
      said_of_host("listen = \"0.0.0.0:0\"\nadvertise = \"10.0.0.5:9900\""),
      "host.advertise '10.0.0.5:9900' names a port, but host.listen takes any free one; port 0 stands for the one "
      "that the node gets");
  EXPECT_EQ(said_of_host("listen = \"0.0.0.0:0\"\nadvertise = \"10.0.0.5:0\""), "");
}

TEST(Check, WhatMayWaitHoldsAMessage) {
  EXPECT_EQ(
      said_of_host("waiting_bytes_max = \"15MiB\""),
      "host.waiting_bytes_max lets 15MiB wait, and one message may have 16MiB, host.frame_bytes_max; raise it, or "
      "lower that");
  EXPECT_EQ(said_of_host("waiting_bytes_max = \"16MiB\""), "");
  EXPECT_EQ(said_of_host("frame_bytes_max = \"300MiB\"\nreply_bytes_max = \"1GiB\""),
            "host.waiting_bytes_max lets 256MiB wait, and one message may have 300MiB, host.frame_bytes_max; raise it, "
            "or lower that");
  EXPECT_EQ(said_of_host("reply_bytes_max = \"7MiB\""),
            "host.reply_bytes_max lets 14MiB wait, and one message may have 16MiB, host.frame_bytes_max; raise it, or "
            "lower that");
}

TEST(Check, EveryTextIsUtf8WithoutControlCharacters) {
  for (const std::string key : {"host.node", "host.cluster", "host.data_dir", "host.admin", "log.file",
                                "services.locator.config.join", "host.plugin_dirs", "host.default_service"}) {
    for (const std::string bad : {"a\xff", "a\xc3", "a\nb", "a\x1b[31m", "a\x7f", "a\xc2\x9b"}) {
      const Checked checked("[services.locator]\n", {}, {key + '=' + bad});
      EXPECT_TRUE(checked.problems().has_errors()) << key;
      EXPECT_EQ(fault_of_text(checked.messages().substr(0, checked.messages().find('\n'))), std::string())
          << "the message itself can be shown";
      EXPECT_TRUE(Checked("[services.locator]\n", {}, {}, {"P2PHOST_HOST__CLUSTER=" + bad}).problems().has_errors());
    }
  }
  EXPECT_EQ(said_of_host("cluster = \"a\\nb\""), "host.cluster must not contain control characters");
  EXPECT_EQ(said_of_host("default_service = [\"a\\u0007\"]"),
            "host.default_service must not contain control characters");
  EXPECT_EQ(said_of_host("plugin_dirs = \"a\\u0007\""), "host.plugin_dirs must not contain control characters");
  EXPECT_EQ(Checked("", {}, {"host.cluster=a\xff"}).messages(),
            "--set host.cluster=a?: error: host.cluster must be valid UTF-8\n");
  EXPECT_EQ(said_of_host("cluster = \"caf\u00e9\""), "");
}

TEST(Check, PathsInAFileAreRelativeToIt) {
  const Checked checked("[host]\nplugin_dirs = [\"plugins\", \"/usr/lib/x\"]\ndata_dir = \"data\"\n");
  EXPECT_EQ(checked.config().plugin_dirs, (std::vector<std::string>{"etc/plugins", "/usr/lib/x"}));
  EXPECT_EQ(checked.config().data_dir, "etc/data");
  EXPECT_EQ(Checked("", {}, {"host.data_dir=data"}).config().data_dir, "data");
}

TEST(Check, AServiceHasAValueForEachOptionOfItsPlugin) {
  const Checked checked("[services.locator]\n[services.locator.config]\ncall_timeout = \"2s\"\n");
  const ServiceConfig& service = checked.service(0);
  EXPECT_EQ(service.name, "locator");
  EXPECT_EQ(service.plugin, "locator");
  EXPECT_TRUE(service.enabled);
  EXPECT_TRUE(service.required);
  EXPECT_EQ(service.where, "store.toml:1:11");
  EXPECT_EQ(service.config.duration("call_timeout"), seconds(2));
  EXPECT_EQ(service.config.text("membership"), "classic");
  EXPECT_EQ(service.config.wrong("call_timeout", "is odd").text,
            "store.toml:3:1: services.locator.config.call_timeout: is odd");
}

TEST(Check, ServicesStayInTheOrderOfTheFileAndStartInTheOrderOfTheirNeeds) {
  const Checked checked("[services.diststore]\n[services.locator]\n");
  EXPECT_EQ(checked.service(0).name, "diststore");
  EXPECT_EQ(checked.service(1).name, "locator");
  EXPECT_EQ(checked.start_order(), (std::vector<std::string>{"locator", "diststore"}));
}

TEST(Check, TwoServicesMayRunOnePlugin) {
  const Checked checked(kBothServices + "[services.archive]\nplugin = \"diststore\"\n");
  EXPECT_EQ(checked.messages(), "");
  EXPECT_EQ(checked.start_order(), (std::vector<std::string>{"locator", "diststore", "archive"}));
}

TEST(Check, ADisabledServiceIsLeftOut) {
  const Checked checked(kBothServices, {}, {"services.diststore.enabled=false"});
  EXPECT_EQ(checked.messages(), "");
  EXPECT_EQ(checked.start_order(), std::vector<std::string>{"locator"});
}

TEST(Check, ADisabledServiceThatAnotherRequiresIsAnErrorThatNamesBoth) {
  const Checked checked(kBothServices, {}, {"services.locator.enabled=false"});
  EXPECT_EQ(
      checked.messages(),
      "--set services.locator.enabled=false: error: services.locator is disabled, but services.diststore requires "
      "p2p.locator.ILocator/3, which it provides\n");
  EXPECT_EQ(checked.problems().worst(), ProblemKind::configuration);
}

TEST(Check, AMissingProviderIsToldWithThePluginThatWouldProvide) {
  EXPECT_EQ(
      Checked("[services.diststore]\n").messages(),
      "store.toml:1:11: error: services.diststore requires p2p.locator.ILocator/3, which no enabled service provides; "
      "add [services.locator]\n"
      "    1 | [services.diststore]\n"
      "      |           ^~~~~~~~~\n");
}

TEST(Check, TwoProvidersOfOneInterfaceAreAnErrorThatNamesBoth) {
  const Checked checked("[services.locator]\n[services.second]\nplugin = \"locator\"\n");
  EXPECT_NE(checked.messages().find("services.locator and services.second both provide p2p.locator.ILocator/3"),
            std::string::npos);
}

TEST(Check, ServicesThatWaitForEachOtherAreAnErrorThatShowsTheCycle) {
  FakePlugins plugins;
  PluginDescription first;
  first.name = "first";
  first.provides = {"a/1"};
  first.required = {"b/1"};
  PluginDescription second;
  second.name = "second";
  second.provides = {"b/1"};
  second.required = {"a/1"};
  plugins.add(first);
  plugins.add(second);
  const Checked checked("[services.first]\n[services.second]\n", plugins);
  EXPECT_NE(checked.messages().find("services wait for each other: first -> second -> first"), std::string::npos);
}

TEST(Check, ARefusedPluginOfARequiredServiceStopsTheNode) {
  FakePlugins plugins;
  plugins.refuse("locator", ProblemKind::bad_plugin, "plugin 'locator' is refused");
  const Checked checked(kBothServices, plugins);
  EXPECT_EQ(checked.problems().worst(), ProblemKind::bad_plugin);
  // What follows from it is not told again.
  EXPECT_EQ(checked.messages().find("requires"), std::string::npos);
}

TEST(Check, ARefusedPluginOfAServiceThatIsNotRequiredIsAWarning) {
  FakePlugins plugins;
  plugins.refuse("diststore", ProblemKind::bad_plugin, "plugin 'diststore' is refused");
  const Checked checked("[services.locator]\n[services.diststore]\nrequired = false\n", plugins);
  EXPECT_FALSE(checked.problems().has_errors());
  EXPECT_EQ(checked.start_order(), std::vector<std::string>{"locator"});
}

TEST(Check, MistakesInADisabledServiceAreWarnings) {
  const Checked checked(
      "[services.locator]\n[services.diststore]\nenabled = false\n[services.diststore.config]\nenginge = 1\n");
  EXPECT_FALSE(checked.problems().has_errors());
  EXPECT_NE(checked.messages().find("5:1: warning: unknown key 'services.diststore.config.enginge'; did you mean "
                                    "'services.diststore.config.engine'?"),
            std::string::npos);
}

TEST(Check, AServiceThatOnlyAnArgumentNamesIsASlipEvenWhenDisabled) {
  const Checked checked(kBothServices, {}, {"services.distore.enabled=false"});
  EXPECT_TRUE(checked.problems().has_errors());
}

TEST(Check, DefaultServicesThatNobodyConfiguredAreASlipOnlyInTheOperatorsOwnList) {
  EXPECT_EQ(Checked("[services.locator]\n").messages(), "");
  const Checked checked("[host]\ndefault_service = [\"locator\", \"distore\"]\n" + kBothServices);
  EXPECT_NE(
      checked.messages().find("2:31: error: host.default_service names 'distore', but there is no [services.distore]; "
                              "did you mean 'diststore'?"),
      std::string::npos)
      << checked.messages();
}

TEST(Check, PrintedConfigurationHasTheKeysThatNobodySet) {
  const Checked checked("[log]\nlevel = \"warn\"\n[services.locator]\n[services.diststore]\nlog_level = \"debug\"\n");
  FakePlugins plugins;
  const std::string printed = print_config(checked.config(), checked.root(), checked.sources(), plugins);
  EXPECT_TRUE(printed.starts_with("include = []  # default\n\n[host]\n")) << printed;
  // In a comment: said for the service itself, it would no longer follow [log].
  EXPECT_NE(printed.find("\n# log_level = \"warn\"  # default: that of [log] level\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("\nlog_level = \"debug\"  # from store.toml:5:1\n"), std::string::npos) << printed;

  const Checked again(printed);
  EXPECT_EQ(again.messages(), "");
  EXPECT_FALSE(again.service(0).log_level.has_value());
}

TEST(Check, PrintedConfigurationTellsWhichFilesItIncludedWithoutIncludingThemAgain) {
  const Checked checked("include = \"conf.d/*.toml\"\n" + kBothServices);
  FakePlugins plugins;
  const std::string printed = print_config(checked.config(), checked.root(), checked.sources(), plugins);
  EXPECT_TRUE(
      printed.starts_with("# include = [\"conf.d/*.toml\"]  # from store.toml:1:1: what it names stands below\n"))
      << printed;
}

TEST(Check, PrintedConfigurationReadsBackAsTheSame) {
  Checked first("[host]\nlisten = \"127.0.0.1:7000\"\n" + kBothServices + "[services.diststore.config]\nratio = 0.75\n",
                {}, {"services.locator.config.join=10.0.0.1:9900,10.0.0.2:9900"});
  const std::string printed = print_config(first.config(), first.root(), first.sources(), first.plugins());
  EXPECT_NE(printed.find("listen = \"127.0.0.1:7000\"  # from store.toml:2:1\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("port_search = 40  # default\n"), std::string::npos);
  EXPECT_NE(printed.find("join = [\"10.0.0.1:9900\", \"10.0.0.2:9900\"]  # from --set services.locator.config.join="),
            std::string::npos);

  Checked second(printed);
  EXPECT_EQ(second.messages(), "");
  EXPECT_EQ(second.config().listen, first.config().listen);
  EXPECT_EQ(second.service(1).config.number("ratio"), 0.75);
  EXPECT_EQ(second.service(0).config.list("join").size(), 2u);
}

}  // namespace
}  // namespace p2p::host::test
