#include "config/print_config.h"

#include "config/host_keys.h"
#include "config/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace p2p::host {
namespace {

class Printer {
 public:
  Printer(const Table& root, const Sources& sources) : root_(root), sources_(sources) {}

  void section(std::string_view name) { text_ += fmt::format("{}[{}]\n", text_.empty() ? "" : "\n", name); }

  void key(const std::vector<std::string>& path, const Option& option, const ConfigScalar& value) {
    line(path, option.key, toml_text(option, value));
  }

  void line(const std::vector<std::string>& path, std::string_view key, std::string_view value) {
    text_ += fmt::format("{} = {}  # {}\n", key, value, one_line(origin(path)));
  }

  // For readers only: in a file it would mean something else.
  void remark(const std::vector<std::string>& path, std::string_view key, std::string_view value,
              std::string_view meaning) {
    text_ += one_line(fmt::format("# {} = {}  # {}: {}", key, value, origin(path), meaning)) + '\n';
  }

  std::string take() { return std::move(text_); }

 private:
  std::string origin(const std::vector<std::string>& path) const {
    const Entry* entry = find_at(root_, path);
    return entry == nullptr ? "default" : "from " + sources_.describe(entry->place);
  }

  // An argument may hold anything, and a comment ends with its line.
  static std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char letter) { return letter < 0x20; }, ' ');
    return text;
  }

  const Table& root_;
  const Sources& sources_;
  std::string text_;
};

// Except log_level, which need not be set.
ConfigScalar value_of(const Option& key, const ServiceConfig& service) {
  if (key.key == "enabled") return service.enabled;
  if (key.key == "required") return service.required;
  if (key.key == "plugin") return service.plugin;
  return std::string(log_level_word(*service.log_level));
}

// The included files have been read: their content is below, and would be read twice.
void print_include(const Table& root, Printer& printer) {
  const Option include{"include", OptionType::list, "", "", ""};
  const Entry* entry = root.find(include.key);
  const auto value =
      entry == nullptr ? Result<ConfigScalar>(std::vector<std::string>()) : read_value(include, entry->value);
  if (!value.ok()) return;  // a mistake, already reported
  if (entry == nullptr) return printer.key({include.key}, include, value.value());
  printer.remark({include.key}, include.key, toml_text(include, value.value()), "what it names stands below");
}

// A dot in a method's name would split it into keys.
std::string method_key(const std::string& name) {
  return name.find('.') == std::string::npos ? name : '"' + name + '"';
}

void print_route(const ServiceConfig& service, Printer& printer) {
  printer.section("services." + service.name + ".route");
  for (const auto& [name, method] : service.route->methods) {
    printer.line({"services", service.name, "route", name}, method_key(name), method.text());
  }
  const std::string others(kOtherMethods);
  printer.line({"services", service.name, "route", others}, '"' + others + '"', service.route->others.text());
}

std::vector<std::string> path_of(const HostKey& key) {
  const std::size_t dot = key.section.find('.');
  if (dot == std::string::npos) return {key.section, key.option.key};
  return {key.section.substr(0, dot), key.section.substr(dot + 1), key.option.key};
}

void print_service(const ServiceConfig& service, LogLevel node_level, PluginSource& plugins, Printer& printer) {
  printer.section("services." + service.name);
  for (const Option& key : service_keys()) {
    const std::vector<std::string> path{"services", service.name, key.key};
    if (key.key == "log_level" && !service.log_level) {
      printer.remark(path, key.key, toml_text(key, std::string(log_level_word(node_level))), "that of [log] level");
    } else {
      printer.key(path, key, value_of(key, service));
    }
  }
  if (service.route) print_route(service, printer);
  const PluginDescription* description = plugins.find(service.plugin).description;
  if (description == nullptr || description->options.empty()) return;
  printer.section("services." + service.name + ".config");
  for (const Option& option : description->options) {
    printer.key({"services", service.name, "config", option.key}, option, service.config.value(option.key));
  }
}

}  // namespace

std::string print_config(const HostConfig& config, const Table& root, const Sources& sources, PluginSource& plugins) {
  Printer printer(root, sources);
  print_include(root, printer);
  std::string section;
  for (const HostKey& key : host_keys()) {
    if (key.section != section) printer.section(key.section);
    section = key.section;
    printer.key(path_of(key), key.option, value_of(key, config));
  }
  for (const ServiceConfig& service : config.services) print_service(service, config.log_level, plugins, printer);
  return printer.take();
}

}  // namespace p2p::host
