#include "configuration_text.h"

#include <gtest/gtest.h>

namespace p2p::host::test {
namespace {

constexpr const char* kLayered = R"([host]
port_search = 1
io_threads = 1
worker_threads = 1
[node.n3.host]
io_threads = 3
worker_threads = 3
[node.n3.services.locator]
enabled = false
[services.locator]
)";

TEST(Layers, ANodesOverlayWinsOverTheFileOnThatNodeOnly) {
  const Checked here(kLayered, {}, {}, {}, "n3");
  EXPECT_EQ(here.config().io_threads, 3u);
  EXPECT_EQ(here.config().port_search, 1u);
  EXPECT_FALSE(here.service(0).enabled);

  const Checked there(kLayered, {}, {}, {}, "n4");
  EXPECT_EQ(there.config().io_threads, 1u);
  EXPECT_TRUE(there.service(0).enabled);
}

TEST(Layers, TheNodesNameMayComeFromAnArgumentTheEnvironmentOrTheFile) {
  EXPECT_EQ(Checked(kLayered, {}, {"host.node=n3"}).config().io_threads, 3u);
  EXPECT_EQ(Checked(kLayered, {}, {}, {"P2PHOST_HOST__NODE=n3"}).config().io_threads, 3u);
  EXPECT_EQ(Checked("[host]\nnode = \"a\"\n[node.a.host]\nio_threads = 5\n").config().io_threads, 5u);
}

TEST(Layers, TheEnvironmentWinsOverTheOverlayAndArgumentsOverTheEnvironment) {
  const std::vector<std::string> environment{"P2PHOST_HOST__IO_THREADS=7", "P2PHOST_HOST__WORKER_THREADS=7",
                                             "PATH=/bin"};
  const Checked checked(kLayered, {}, {"host.worker_threads=9"}, environment, "n3");
  EXPECT_EQ(checked.messages(), "");
  EXPECT_EQ(checked.config().io_threads, 7u);
  EXPECT_EQ(checked.config().worker_threads, 9u);
}

TEST(Layers, ValuesOfArgumentsNeedNoQuotesAndMayHaveThem) {
  for (const std::string value : {R"(10.0.0.1:9900,10.0.0.2:9900)", R"(["10.0.0.1:9900", "10.0.0.2:9900"])"}) {
    const Checked checked("[services.locator]\n", {}, {"services.locator.config.join=" + value});
    EXPECT_EQ(checked.messages(), "");
    EXPECT_EQ(checked.service(0).config.list("join"), (std::vector<std::string>{"10.0.0.1:9900", "10.0.0.2:9900"}));
  }
  EXPECT_EQ(Checked("", {}, {"host.cluster=\"x y\""}).config().cluster, "x y");
  EXPECT_EQ(Checked("", {}, {"host.listen=[::1]:9900"}).config().listen, (NodeAddress{"::1", 9900}));
}

TEST(Layers, AnUnknownVariableIsAnErrorWithASuggestion) {
  const Checked checked("", {}, {}, {"P2PHOST_HOST__LISEN=127.0.0.1:1", "P2PHOST_X=1"});
  EXPECT_EQ(checked.messages(),
            "P2PHOST_HOST__LISEN: error: unknown key 'host.lisen'; did you mean 'host.listen'?\n"
            "P2PHOST_X: error: names no key; write P2PHOST_SECTION__KEY, such as P2PHOST_HOST__LISTEN\n");
}

TEST(Layers, WhatKubernetesSetsForAServiceOfOurNameIsIgnoredAndNamedOnce) {
  const Checked checked(
      "", {}, {},
      {"P2PHOST_PORT=tcp://10.96.0.12:9900", "P2PHOST_SERVICE_HOST=10.96.0.12", "P2PHOST_SERVICE_PORT=9900",
       "P2PHOST_SERVICE_PORT_RPC=9900", "P2PHOST_PORT_9900_TCP=tcp://10.96.0.12:9900",
       "P2PHOST_PORT_9900_TCP_PROTO=tcp", "P2PHOST_PORT_9900_TCP_PORT=9900", "P2PHOST_PORT_9900_TCP_ADDR=fd00::1",
       "P2PHOST_STORE_SERVICE_HOST=10.96.0.13", "P2PHOST_STORE_PORT=udp://10.96.0.13:53",
       "P2PHOST_STORE_PORT_53_UDP=udp://10.96.0.13:53"});
  EXPECT_EQ(
      checked.messages(),
      "the environment: warning: these variables are ignored: Kubernetes sets them for a Service of such a name, and "
      "they are no keys: P2PHOST_PORT, P2PHOST_PORT_9900_TCP, P2PHOST_PORT_9900_TCP_ADDR, P2PHOST_PORT_9900_TCP_PORT, "
      "P2PHOST_PORT_9900_TCP_PROTO, P2PHOST_SERVICE_HOST, P2PHOST_SERVICE_PORT, P2PHOST_SERVICE_PORT_RPC, "
      "P2PHOST_STORE_PORT, P2PHOST_STORE_PORT_53_UDP, P2PHOST_STORE_SERVICE_HOST\n");
}

TEST(Layers, AVariableThatOnlyLooksLikeThoseOfKubernetesIsAMistake) {
  for (const char* variable :
       {"P2PHOST_PORT=9901", "P2PHOST_SERVICE_HOST=store", "P2PHOST_SERVICE_PORT=none", "P2PHOST_PORT_9900_TCP=9900",
        "P2PHOST_PORT_X_TCP=tcp://1.2.3.4:5", "P2PHOST_PORT_9900_TCP_KIND=tcp", "P2PHOST_LISTEN=tcp://1.2.3.4:9900",
        "P2PHOST_SERVICES_PORT_X=1", "P2PHOST_HOST__PORT_9900_TCP=no"}) {
    EXPECT_TRUE(Checked("", {}, {}, {variable}).problems().has_errors()) << variable;
  }
}

TEST(Layers, AMalformedSetIsAnError) {
  EXPECT_EQ(Checked("", {}, {"host.listen"}).messages(),
            "--set host.listen: error: is not key.path=value, such as --set host.port_search=0\n");
  EXPECT_TRUE(Checked("", {}, {"host..listen=1"}).problems().has_errors());
  EXPECT_TRUE(Checked("", {}, {"=1"}).problems().has_errors());
}

TEST(Layers, AnArgumentThatPutsATableInTheWayOfAKeyIsAnError) {
  EXPECT_TRUE(Checked("", {}, {"host.listen.port=1"}).problems().has_errors());
  EXPECT_TRUE(Checked(kBothServices, {}, {"services.locator=off"}).problems().has_errors());
}

TEST(Layers, AppendingKeepsWhatTheFileLists) {
  Sources sources;
  Problems problems;
  const std::string text = "[services.locator.config]\njoin = \"10.0.0.1:1\"\n";
  Layers layers;
  layers.files = parse_toml(text, sources.add({Source::Kind::file, "f", text, "."}), problems);
  layers.assignments.push_back(
      argument("--join", "services.locator.config.join", "10.0.0.2:2", sources, Assignment::How::append));
  FakePlugins plugins;
  HostConfig config;
  check_services(assemble(layers, "n"), sources, plugins, config, problems);
  EXPECT_EQ(problems.text(sources), "");
  EXPECT_EQ(config.services[0].config.list("join"), (std::vector<std::string>{"10.0.0.1:1", "10.0.0.2:2"}));
}

TEST(Layers, AKeyThatTwoIncludedFilesSetIsAnErrorThatNamesBothPlaces) {
  Sources sources;
  Problems problems;
  std::vector<Table> included;
  for (const std::string name : {"a.toml", "b.toml"}) {
    const std::string text = "[host]\nio_threads = 2\n";
    included.push_back(parse_toml(text, sources.add({Source::Kind::file, name, text, "."}), problems));
  }
  Table file;
  include(file, included, sources, problems);
  EXPECT_EQ(
      problems.text(sources),
      "a.toml:2:1: error: 'host.io_threads' is also set at b.toml:2:1; one of the two included files has to give way\n"
      "    2 | io_threads = 2\n"
      "      | ^~~~~~~~~~\n"
      "b.toml:2:1: error: 'host.io_threads' is also set at a.toml:2:1; one of the two included files has to give way\n"
      "    2 | io_threads = 2\n"
      "      | ^~~~~~~~~~\n");
}

}  // namespace
}  // namespace p2p::host::test
