#include "peers/hello_differences.h"

#include "text/foreign_text.h"

#include <p2p/units.h>

#include <fmt/format.h>

#include <string_view>

namespace p2p::host {
namespace {

// Of one value in a line.
constexpr std::size_t kShownBytesMax = 100;

using RouteTexts = std::map<std::string, std::string>;

// FNV-1a: the same on every node.
std::string digest_of(const RouteTexts& methods) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::string_view text) {
    for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    hash = (hash ^ 0) * 0x100000001b3;
  };
  for (const auto& [name, text] : methods) {
    add(name);
    add(text);
  }
  return fmt::format("{} methods, {:016x}", methods.size() - 1, hash);
}

std::size_t bytes_of(const RouteTexts& methods) {
  std::size_t bytes = 0;
  for (const auto& [name, text] : methods) bytes += name.size() + text.size();
  return bytes;
}

std::string shown(const std::string& text) { return foreign_text(text, kShownBytesMax); }

std::string value_of(const RouteTexts& methods, const std::string& name) {
  const auto found = methods.find(name);
  return found == methods.end() ? "not listed" : shown(found->second);
}

void compare(const std::string& service, const RouteTexts& here, const RouteTexts& there,
             std::vector<std::string>& lines) {
  RouteTexts all = here;
  all.insert(there.begin(), there.end());
  // A digest says nothing about single methods, and none can have its name.
  if (here.contains(kDigestOfRoute) != there.contains(kDigestOfRoute)) {
    lines.push_back(fmt::format("[services.{}.route] has {} here and {} there", shown(service),
                                here.contains(kDigestOfRoute) ? value_of(here, kDigestOfRoute) : "other methods",
                                there.contains(kDigestOfRoute) ? value_of(there, kDigestOfRoute) : "other methods"));
    return;
  }
  for (const auto& [name, either] : all) {
    const std::string ours = value_of(here, name);
    const std::string theirs = value_of(there, name);
    if (ours == theirs) continue;
    lines.push_back(
        fmt::format("[services.{}.route] {} is {} here and {} there", shown(service), shown(name), ours, theirs));
  }
}

void compare(const ToldRoutes& here, const ToldRoutes& there, std::vector<std::string>& lines) {
  ToldRoutes all = here;
  all.insert(there.begin(), there.end());
  for (const auto& [service, either] : all) {
    const auto ours = here.find(service);
    const auto theirs = there.find(service);
    if (ours == here.end()) {
      lines.push_back(fmt::format("[services.{}] has no route here and one there", shown(service)));
    } else if (theirs == there.end()) {
      lines.push_back(fmt::format("[services.{}] has a route here and none there", shown(service)));
    } else {
      compare(service, ours->second, theirs->second, lines);
    }
  }
}

}  // namespace

ToldRoutes told_routes(const std::map<std::string, std::shared_ptr<const Route>>& routes) {
  ToldRoutes told;
  std::size_t bytes = 0;
  for (const auto& [service, route] : routes) {
    RouteTexts methods;
    for (const auto& [name, method] : route->methods) methods.emplace(name, method.text());
    methods.emplace(kOtherMethods, route->others.text());
    const bool is_long = bytes_of(methods) > kToldRouteBytesMax || bytes + bytes_of(methods) > kToldRoutesBytesMax;
    if (is_long) methods = RouteTexts{{kDigestOfRoute, digest_of(methods)}};
    bytes += service.size() + bytes_of(methods);
    if (bytes > kToldRoutesBytesMax) break;
    told.emplace(service, std::move(methods));
  }
  return told;
}

std::vector<std::string> find_differences(const ToldConfiguration& here, const ToldConfiguration& there) {
  std::vector<std::string> lines;
  if (here.frame_bytes_max && there.frame_bytes_max && *here.frame_bytes_max != *there.frame_bytes_max) {
    lines.push_back(fmt::format("[host] frame_bytes_max is {} here and {} there", format_bytes(*here.frame_bytes_max),
                                format_bytes(*there.frame_bytes_max)));
  }
  if (here.routes && there.routes) compare(*here.routes, *there.routes, lines);
  if (lines.size() > kDifferencesMax) {
    const std::size_t more = lines.size() - (kDifferencesMax - 1);
    lines.resize(kDifferencesMax - 1);
    lines.push_back(fmt::format("and {} further differences of routes", more));
  }
  return lines;
}

}  // namespace p2p::host
