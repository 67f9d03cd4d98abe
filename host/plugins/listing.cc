#include "plugins/listing.h"

#include "plugins/stamp.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace p2p::host {
namespace {

using Row = std::array<std::string, 6>;

std::string joined(const std::vector<std::string>& words) {
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ","));
}

Row row_of(const PluginFile& file) {
  const PluginDescription& plugin = file.description;
  return {plugin.name,
          plugin.version,
          std::string(field_of(file.stamp, "abi")),
          joined(plugin.provides),
          joined(plugin.required),
          file.path.string()};
}

std::string aligned(const std::vector<Row>& rows) {
  std::array<std::size_t, 6> widths{};
  for (const Row& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t column = 0; column + 1 < row.size(); ++column)
      text += fmt::format("{:<{}}  ", row[column], widths[column]);
    text += row.back() + '\n';
  }
  return text;
}

nlohmann::json json_of(const PluginFile& file) {
  const PluginDescription& plugin = file.description;
  nlohmann::json options = nlohmann::json::array();
  for (const Option& option : plugin.options) {
    options.push_back({{"key", option.key},
                       {"type", type_word(option.type)},
                       {"default", option.default_text},
                       {"range", option.range},
                       {"help", option.help}});
  }
  return {{"name", plugin.name},         {"version", plugin.version},
          {"summary", plugin.summary},   {"abi", field_of(file.stamp, "abi")},
          {"stamp", file.stamp},         {"provides", plugin.provides},
          {"requires", plugin.required}, {"optional", plugin.optional},
          {"serves", plugin.serves},     {"options", options},
          {"warnings", file.warnings},   {"file", file.path.string()}};
}

}  // namespace

std::string plugin_table(const std::vector<Inspection>& plugins) {
  std::vector<Row> rows{{"NAME", "VERSION", "ABI", "PROVIDES", "REQUIRES", "FILE"}};
  std::string refused;
  for (const Inspection& plugin : plugins) {
    if (const auto* file = std::get_if<PluginFile>(&plugin)) {
      rows.push_back(row_of(*file));
      continue;
    }
    const auto& refusal = std::get<Refusal>(plugin);
    refused += "refused: " + refusal.path.string() + '\n';
    for (const std::string& reason : refusal.reasons) refused += "  " + reason + '\n';
  }
  return aligned(rows) + refused;
}

std::string plugin_json(const std::vector<Inspection>& plugins, std::string_view host_stamp) {
  nlohmann::json accepted = nlohmann::json::array();
  nlohmann::json refused = nlohmann::json::array();
  for (const Inspection& plugin : plugins) {
    if (const auto* file = std::get_if<PluginFile>(&plugin)) {
      accepted.push_back(json_of(*file));
    } else {
      const auto& refusal = std::get<Refusal>(plugin);
      refused.push_back({{"file", refusal.path.string()}, {"reasons", refusal.reasons}});
    }
  }
  const nlohmann::json all{{"host", {{"stamp", host_stamp}}}, {"plugins", accepted}, {"refused", refused}};
  // Invalid UTF-8 from a foreign file is replaced; it must not throw.
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace p2p::host
