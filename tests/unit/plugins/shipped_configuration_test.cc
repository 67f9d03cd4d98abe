// etc/*.toml must show every key that there is, each with its true default: the plugins' own descriptors are asked.
#include "config/host_keys.h"
#include "preflight/load_configuration.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>

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

class Shipped : public testing::TestWithParam<const char*> {
 protected:
  std::string file() const { return std::string(P2P_ETC_DIR) + '/' + GetParam(); }

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

TEST_P(Shipped, ShowsEveryKeyWithItsDefault) {
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
      expect(section + "config." + option.key, default_of(option));
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

INSTANTIATE_TEST_SUITE_P(Etc, Shipped, testing::Values("store.toml", "locator.toml"), [](const auto& test) {
  return std::string(test.param).substr(0, std::string(test.param).find('.'));
});

}  // namespace
}  // namespace p2p::host::test
