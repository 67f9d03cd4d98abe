// The operator's settings: what they become, and what is refused.
#include "settings.h"
#include "classic/classic.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace p2p::ring {
namespace {

using std::chrono::seconds;

const NodeAddress kSelf{"127.0.0.1", 9901};

std::int64_t nanoseconds(Duration duration) { return duration.count(); }

// The defaults as the descriptor declares them.
std::map<std::string, ConfigScalar> defaults() {
  return {{"membership", std::string("classic")},    {"placement", std::string("classic")},
          {"discover", std::string("localhost")},    {"discover_port_first", std::int64_t{9900}},
          {"discover_port_count", std::int64_t{10}}, {"discover_timeout", nanoseconds(seconds(2))},
          {"join", std::vector<std::string>{}},      {"join_retry", nanoseconds(std::chrono::milliseconds(500))},
          {"connect_attempts", std::int64_t{3}},     {"compare_interval", nanoseconds(seconds(1))},
          {"call_timeout", nanoseconds(seconds(1))}, {"layer_timeout", nanoseconds(seconds(5))}};
}

Config config_with(const std::map<std::string, ConfigScalar>& changed) {
  std::map<std::string, ConfigValue, std::less<>> values;
  for (const auto& [key, value] : defaults()) values[key] = {value, "default"};
  for (const auto& [key, value] : changed) values[key] = {value, "test.toml:1:1"};
  return Config("services.locator.config", values);
}

TEST(Settings, ByDefaultTenPortsOfThisMachineAreAskedButNotTheOwn) {
  const auto settings = read_settings(config_with({}), kSelf);
  ASSERT_TRUE(settings.ok());
  const auto& discovery = settings.value().discovery;
  EXPECT_EQ(discovery.source, discovery::Source::localhost);
  EXPECT_EQ(discovery.candidates.size(), 9u);
  EXPECT_EQ(discovery.candidates.front(), (NodeAddress{"127.0.0.1", 9900}));
  EXPECT_EQ(classic::read_options(config_with({})).failed_connects.attempts, 3);
}

TEST(Settings, TheSearchIsInTheFamilyByWhichThisNodeIsReached) {
  const auto first_candidate = [](const NodeAddress& self) {
    return read_settings(config_with({}), self).value().discovery.candidates.front();
  };
  EXPECT_EQ(first_candidate({"::1", 9901}), (NodeAddress{"::1", 9900}));
  EXPECT_EQ(first_candidate({"2001:db8::5", 9901}), (NodeAddress{"::1", 9900}));
  EXPECT_EQ(first_candidate({"10.0.0.5", 9901}), (NodeAddress{"127.0.0.1", 9900}));
  EXPECT_EQ(first_candidate({"node.example", 9901}), (NodeAddress{"127.0.0.1", 9900}));
  EXPECT_EQ(first_candidate({"localhost", 9901}), (NodeAddress{"localhost", 9900}));
}

TEST(Settings, AMemberIsTheSameHoweverItsAddressIsSpelled) {
  const std::vector<std::string> spellings{"[0:0::1]:9900", "[::ffff:10.0.0.1]:9900"};
  const auto settings = read_settings(config_with({{"join", spellings}}), kSelf);
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings.value().discovery.candidates, (std::vector<NodeAddress>{{"::1", 9900}, {"10.0.0.1", 9900}}));
}

TEST(Settings, NamedMembersReplaceTheSearch) {
  const auto settings = read_settings(config_with({{"join", std::vector<std::string>{"10.0.0.1:9900"}}}), kSelf);
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings.value().discovery.source, discovery::Source::operators);
  EXPECT_EQ(settings.value().discovery.candidates, (std::vector<NodeAddress>{{"10.0.0.1", 9900}}));
}

TEST(Settings, DiscoverNoneAsksNobody) {
  const auto settings = read_settings(config_with({{"discover", std::string("none")}}), kSelf);
  ASSERT_TRUE(settings.ok());
  EXPECT_TRUE(settings.value().discovery.candidates.empty());
}

TEST(Settings, AMemberWithoutAPortIsRefusedAndNamed) {
  for (const std::string text : {"10.0.0.1", "10.0.0.1:0", "10.0.0.1:http"}) {
    const auto settings = read_settings(config_with({{"join", std::vector<std::string>{text}}}), kSelf);
    ASSERT_FALSE(settings.ok()) << text;
    EXPECT_NE(settings.error().text.find("test.toml:1:1"), std::string::npos) << settings.error().text;
    EXPECT_NE(settings.error().text.find("'" + text + "'"), std::string::npos) << settings.error().text;
  }
}

TEST(Settings, PortsBeyondTheLastAreRefused) {
  const auto settings = read_settings(config_with({{"discover_port_first", std::int64_t{65530}}}), kSelf);
  ASSERT_FALSE(settings.ok());
  EXPECT_NE(settings.error().text.find("65539"), std::string::npos) << settings.error().text;
}

}  // namespace
}  // namespace p2p::ring
