#include "plugins/stamp.h"

#include "text/pieces.h"

#include <array>
#include <charconv>
#include <optional>

namespace p2p::host {
namespace {

// What must be equal for C++ objects to cross from one to the other.
constexpr std::array<std::string_view, 6> kEqualFields{"arch", "stdlib", "glibcxx_debug", "thrift", "fmt", "sanitizer"};

struct AbiNumber {
  unsigned major = 0;
  unsigned minor = 0;
};

std::optional<AbiNumber> parse_abi(std::string_view text) {
  AbiNumber abi;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, abi.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, abi.minor);
  if (minor.ec != std::errc{} || minor.ptr != end) return std::nullopt;
  return abi;
}

bool abi_fits(std::string_view plugin_text, std::string_view host_text) {
  const auto plugin = parse_abi(plugin_text);
  const auto host = parse_abi(host_text);
  return plugin && host && plugin->major == host->major && plugin->minor <= host->minor;
}

std::string difference(std::string_view field, std::string_view plugin, std::string_view host) {
  const auto shown = [](std::string_view value) { return value.empty() ? std::string("(none)") : std::string(value); };
  return std::string(field) + ": plugin " + shown(plugin) + ", host " + shown(host);
}

}  // namespace

std::string_view field_of(std::string_view stamp, std::string_view field) {
  for (const std::string_view pair : split(stamp, ";")) {
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == field) return pair.substr(equals + 1);
  }
  return {};
}

std::vector<std::string> find_differences(std::string_view plugin, std::string_view host) {
  std::vector<std::string> differences;
  const std::string_view plugin_abi = field_of(plugin, "abi");
  const std::string_view host_abi = field_of(host, "abi");
  if (!abi_fits(plugin_abi, host_abi)) differences.push_back(difference("abi", plugin_abi, host_abi));
  for (const std::string_view field : kEqualFields) {
    const std::string_view plugin_value = field_of(plugin, field);
    const std::string_view host_value = field_of(host, field);
    if (plugin_value != host_value) differences.push_back(difference(field, plugin_value, host_value));
  }
  return differences;
}

}  // namespace p2p::host
