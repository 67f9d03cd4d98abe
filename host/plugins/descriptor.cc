#include "plugins/descriptor.h"

#include "text/pieces.h"

#include <algorithm>

namespace p2p::host {
namespace {

Error malformed(const std::string& why) { return {ErrorKind::invalid, "its descriptor makes no sense: " + why}; }

Result<Done> take_option(std::string_view declaration, PluginDescription& description) {
  auto option = parse_option(declaration);
  if (!option.ok()) return malformed(option.error().text);
  const auto& known = description.options;
  const bool is_known =
      std::any_of(known.begin(), known.end(), [&](const Option& other) { return other.key == option.value().key; });
  if (is_known) return malformed("option '" + option.value().key + "' is declared twice");
  description.options.push_back(std::move(option.value()));
  return Done{};
}

Result<Done> take_piece(std::string_view key, std::string_view value, PluginDescription& description) {
  if (key == "option") return take_option(value, description);
  if (key == "name") description.name = value;
  if (key == "version") description.version = value;
  if (key == "summary") description.summary = value;
  if (key == "provides") description.provides.emplace_back(value);
  if (key == "requires") description.required.emplace_back(value);
  if (key == "optional") description.optional.emplace_back(value);
  if (key == "moves_state") description.moves_state = value == "yes";
  if (key == "serves") description.serves.emplace_back(value);
  return Done{};
}

}  // namespace

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char letter) { return letter < 0x20 || letter == 0x7F; });
}

Result<PluginDescription> parse_descriptor(std::string_view section) {
  PluginDescription description;
  for (const std::string_view piece : split(section, {"\0", 1})) {
    if (piece.empty()) continue;
    if (has_control_characters(piece)) return malformed("it holds control characters");
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return malformed("'" + std::string(piece) + "' is not key=value");
    const auto taken = take_piece(piece.substr(0, equals), piece.substr(equals + 1), description);
    if (!taken.ok()) return taken.error();
  }
  if (!is_plain_name(description.name))
    return malformed("its name '" + description.name + "' does not match [a-z][a-z0-9_]*");
  if (description.version.empty()) return malformed("it has no version");
  return description;
}

}  // namespace p2p::host
