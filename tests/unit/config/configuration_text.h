// For the tests of configuration: texts instead of files, and a catalogue of two plugins as the real ones describe
// themselves.
#pragma once

#include "config/check.h"
#include "config/layers.h"
#include "config/toml_text.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace p2p::host::test {

inline PluginDescription locator_description() {
  PluginDescription plugin;
  plugin.name = "locator";
  plugin.version = "0.1.0";
  plugin.provides = {"p2p.locator.ILocator/3"};
  plugin.options = {{"membership", OptionType::choice, "classic", "classic|swim", "who is in the network"},
                    {"join", OptionType::list, "", "", "nodes to join"},
                    {"connect_attempts", OptionType::integer, "3", "1..100", "tries before a member is removed"},
                    {"call_timeout", OptionType::duration, "1s", "10ms..1m", "of a call to a member"}};
  return plugin;
}

inline PluginDescription store_description() {
  PluginDescription plugin;
  plugin.name = "diststore";
  plugin.version = "0.1.0";
  plugin.required = {"p2p.locator.ILocator/3"};
  plugin.options = {{"engine", OptionType::choice, "memory", "memory", "where values are kept"},
                    {"key_bytes_max", OptionType::bytes, "64KiB", "1..1MiB", "longest key"},
                    {"ratio", OptionType::number, "0.5", "0..1", "for tests"}};
  return plugin;
}

class FakePlugins final : public PluginSource {
 public:
  FakePlugins() {
    add(locator_description());
    add(store_description());
  }

  void add(PluginDescription plugin) {
    std::string name = plugin.name;
    plugins_.insert_or_assign(std::move(name), std::move(plugin));
  }
  void refuse(const std::string& plugin, ProblemKind kind, std::string problem) {
    plugins_.erase(plugin);
    refused_.insert_or_assign(plugin, PluginAnswer{nullptr, kind, std::move(problem), {}});
  }

  PluginAnswer find(const std::string& plugin) override {
    if (const auto known = plugins_.find(plugin); known != plugins_.end()) return {&known->second, {}, "", {}};
    if (const auto refused = refused_.find(plugin); refused != refused_.end()) return refused->second;
    return {nullptr, ProblemKind::missing_plugin, "no plugin '" + plugin + "'", {}};
  }
  std::string provider_of(const std::string& interface) override {
    for (const auto& [name, plugin] : plugins_) {
      for (const std::string& provided : plugin.provides) {
        if (provided == interface) return name;
      }
    }
    return {};
  }

 private:
  std::map<std::string, PluginDescription> plugins_;
  std::map<std::string, PluginAnswer> refused_;
};

// Checks one text with arguments and environment, as the node of that name.
class Checked {
 public:
  explicit Checked(const std::string& text, FakePlugins plugins = {}, const std::vector<std::string>& sets = {},
                   const std::vector<std::string>& environment = {}, const std::string& machine = "here")
      : plugins_(std::move(plugins)) {
    const std::uint32_t source = sources_.add({Source::Kind::file, "store.toml", text, "etc"});
    layers_.files = parse_toml(text, source, problems_);
    layers_.assignments = read_environment(environment, sources_, problems_);
    for (const std::string& set : sets) read_set(set, sources_, layers_.assignments, problems_);
    root_ = assemble(layers_, node_name(layers_, machine));
    check_overlays(layers_, problems_);
    config_ = check_host(root_, sources_, problems_);
    start_order_ = check_services(root_, sources_, plugins_, config_, problems_);
  }

  const HostConfig& config() const { return config_; }
  const ServiceConfig& service(std::size_t index) const { return config_.services.at(index); }
  const std::vector<std::string>& start_order() const { return start_order_; }
  const Problems& problems() const { return problems_; }
  std::string messages() const { return problems_.text(sources_); }
  const Sources& sources() const { return sources_; }
  const Table& root() const { return root_; }
  FakePlugins& plugins() { return plugins_; }

 private:
  FakePlugins plugins_;
  Sources sources_;
  Problems problems_;
  Layers layers_;
  Table root_;
  HostConfig config_;
  std::vector<std::string> start_order_;
};

inline const std::string kBothServices = "[services.locator]\n[services.diststore]\n";

}  // namespace p2p::host::test
