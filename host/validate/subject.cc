#include "validate/subject.h"

#include "plugins/descriptor.h"
#include "plugins/elf_plugin.h"

#include <stdexcept>

namespace p2p::host {

PluginFile plugin_of(const Subject& subject) {
  auto elf = read_elf_plugin(subject.path);
  // Without its own entry, another library's may still be found: the rule `entry` reports which.
  if (!elf.ok()) return PluginFile{subject.path, std::string(host_stamp()), {}, {}, {}, {}};
  auto description = parse_descriptor(elf.value().descriptor);
  PluginFile file{subject.path, std::move(elf.value().stamp), {}, {}, {}, {}};
  if (description.ok()) file.description = std::move(description.value());
  return file;
}

Config default_config(const PluginDescription& plugin) { return config_with(plugin, {}); }

Config config_with(const PluginDescription& plugin, const std::map<std::string, std::string>& texts) {
  std::map<std::string, ConfigValue, std::less<>> values;
  for (const Option& option : plugin.options) {
    const auto text = texts.find(option.key);
    const bool is_default = text == texts.end();
    auto value = read_text(option, is_default ? option.default_text : text->second);
    if (!value.ok()) throw std::runtime_error("option '" + option.key + "' " + value.error().text);
    values.emplace(option.key, ConfigValue{std::move(value.value()), is_default ? "default" : "validation"});
  }
  return Config("services." + plugin.name + ".config", std::move(values));
}

}  // namespace p2p::host
