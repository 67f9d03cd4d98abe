// Which settings differ between two nodes of one network that should be equal? Those in a hello that are no reason to
// refuse it: nodes that differ here still talk to each other, and tell their operators. Pure.
#pragma once

#include "routing/route.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::host {

// By service and method, as in a TOML file.
using ToldRoutes = std::map<std::string, std::map<std::string, std::string>>;

// A field that is not set was not sent: by an older build.
struct ToldConfiguration {
  std::optional<std::uint64_t> frame_bytes_max;
  std::optional<ToldRoutes> routes;
};

// A hello fits what a fresh socket takes at once. A longer route is sent as a digest, under kDigestOfRoute.
inline constexpr std::size_t kToldRouteBytesMax = 1024;
inline constexpr std::size_t kToldRoutesBytesMax = 8 * 1024;
inline constexpr const char* kDigestOfRoute = "(digest)";

ToldRoutes told_routes(const std::map<std::string, std::shared_ptr<const Route>>& routes);

// Lines with both values, "[host] frame_bytes_max is 16MiB here and 8MiB there"; at most the first kDifferencesMax.
// What comes from the other side is cut, and shown as text.
inline constexpr const char* kDiffers = "{} is configured otherwise than this node: {}";
inline constexpr std::size_t kDifferencesMax = 8;
std::vector<std::string> find_differences(const ToldConfiguration& here, const ToldConfiguration& there);

}  // namespace p2p::host
