// etc/*.toml must show every key that concerns the mode of their network, each with its true default: the plugins' own
// descriptors are asked.
#include "config/host_keys.h"
#include "preflight/load_configuration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace p2p::host::test {
namespace {

// "section.key" to the text of its value, whether the line is commented out or not.
std::map<std::string, std::string> shown_keys(const std::string& file) {
  const std::regex section_line(R"(\[([a-z0-9_.]+)\])");
  const std::regex key_line(R"(#?([a-z][a-z0-9_]*) = (.*))");
  std::map<std::string, std::string> shown;
  std::ifstream text(file);
  std::string section;
  std::smatch match;
  for (std::string line; std::getline(text, line);) {
    if (std::regex_match(line, match, section_line)) section = match[1].str() + '.';
    if (std::regex_match(line, match, key_line)) shown[section + match[1].str()] = match[2].str();
  }
  return shown;
}

// Removes the # before every key.
std::string uncommented(const std::string& file) {
  std::ifstream text(file);
  const std::regex key_line(R"(#([a-z][a-z0-9_]*) = (.*))");
  std::string result;
  for (std::string line; std::getline(text, line);) result += std::regex_replace(line, key_line, "$1 = $2") + '\n';
  return result;
}

std::string default_of(const Option& option) {
  return toml_text(option, read_text(option, option.default_text).value());
}

// A file of one mode does not show what only the other one uses.
bool is_of_other_mode(const Option& option, const std::string& mode) {
  return option.help.starts_with(mode == "classic" ? "mode agreed:" : "mode classic:");
}

class Shipped : public testing::TestWithParam<const char*> {
 protected:
  std::string file() const { return std::string(P2P_ETC_DIR) + '/' + GetParam(); }
  // As in the file's name: that of etc/classic.toml, or the default.
  std::string mode() const { return std::string(GetParam()) == "classic.toml" ? "classic" : "agreed"; }

  LoadedConfiguration load(const std::string& path) const {
    CommandLine flags;
    flags.config_file = path;
    flags.set = {"host.plugin_dirs=" P2P_PLUGIN_DIR};
    auto outcome = load_configuration(flags, {});
    if (const auto* failure = std::get_if<ConfigurationFailure>(&outcome)) {
      ADD_FAILURE() << failure->messages;
      return {};
    }
    return std::get<LoadedConfiguration>(std::move(outcome));
  }
};

TEST_P(Shipped, ShowsEveryKeyOfItsModeWithItsDefault) {
  std::map<std::string, std::string> shown = shown_keys(file());
  const auto expect = [&](const std::string& path, const std::string& value) {
    EXPECT_EQ(shown[path], value) << path << " in " << file();
    shown.erase(path);
  };
  for (const HostKey& key : host_keys()) expect(key.section + '.' + key.option.key, default_of(key.option));
  const LoadedConfiguration loaded = load(file());
  for (const ServiceConfig& service : loaded.config.services) {
    const std::string section = "services." + service.name + '.';
    expect(section + "enabled", "true");
    expect(section + "required", "true");
    expect(section + "plugin", "\"\"");
    expect(section + "log_level", "\"info\"");  // any word: the default is that of [log]
    for (const Option& option : loaded.plugins.at(service.name).description.options) {
      if (is_of_other_mode(option, mode())) continue;
      const bool is_mode = service.name == "locator" && option.key == "mode";
      expect(section + "config." + option.key, is_mode ? '"' + mode() + '"' : default_of(option));
    }
  }
  expect("include", "[\"conf.d/*.toml\"]");
  for (const auto& [path, value] : shown) ADD_FAILURE() << path << " in " << file() << " is no key";
}

TEST_P(Shipped, IsFineAsItIsAndWithEveryKeyUncommented) {
  EXPECT_EQ(load(file()).warnings, "");
  std::string name = (std::filesystem::temp_directory_path() / "p2p_shipped_XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(name.data());
  std::ofstream(folder / "all.toml") << uncommented(file());
  const LoadedConfiguration loaded = load((folder / "all.toml").string());
  EXPECT_EQ(loaded.warnings, "");
  EXPECT_EQ(loaded.start_order, load(file()).start_order);
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Etc, Shipped, testing::Values("store.toml", "locator.toml", "classic.toml"),
                         [](const auto& test) {
                           return std::string(test.param).substr(0, std::string(test.param).find('.'));
                         });

std::set<std::string> keys_of(const std::string& name) {
  std::set<std::string> keys;
  for (const auto& [key, value] : shown_keys(std::string(P2P_ETC_DIR) + '/' + name)) keys.insert(key);
  return keys;
}

// Only then does each file leave out what is the other mode's, and nothing else.
TEST(ShippedModes, KeysOfOneModeAreTheseAndNoOthers) {
  const std::set<std::string> store = keys_of("store.toml");
  const std::set<std::string> classic = keys_of("classic.toml");
  std::vector<std::string> only_agreed;
  std::vector<std::string> only_classic;
  std::ranges::set_difference(store, classic, std::back_inserter(only_agreed));
  std::ranges::set_difference(classic, store, std::back_inserter(only_classic));
  EXPECT_EQ(only_agreed, (std::vector<std::string>{
                             "services.diststore.config.key_log_bytes_max", "services.diststore.config.memory_max",
                             "services.diststore.config.replication_queue_bytes_max", "services.locator.config.copies",
                             "services.locator.config.copies_min", "services.locator.config.expect",
                             "services.locator.config.found", "services.locator.config.partitions",
                             "services.locator.config.remove_after", "services.locator.config.restore_after",
                             "services.locator.config.weight", "services.locator.config.zone"}));
  EXPECT_EQ(only_classic,
            (std::vector<std::string>{
                "services.diststore.config.tombstone_grace", "services.diststore.config.tombstones_max",
                "services.diststore.config.transfer_batch_bytes",
                "services.diststore.config.transfer_batches_in_flight", "services.diststore.config.transfer_share",
                "services.locator.config.compare_interval", "services.locator.config.connect_attempts"}));
}

}  // namespace
}  // namespace p2p::host::test
