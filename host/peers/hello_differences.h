// In what do two nodes of one network differ that should be alike? What a hello tells of a node's configuration besides
// the rules by which it is refused; nodes that differ here talk to each other, and their operators are told. Pure.
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

// What is not set was not told: by a node that was built before.
struct ToldConfiguration {
  std::optional<std::uint64_t> frame_bytes_max;
  std::optional<ToldRoutes> routes;
};

// A hello fits what a fresh socket takes at once. A longer route is told as a digest, under kDigestOfRoute.
inline constexpr std::size_t kToldRouteBytesMax = 1024;
inline constexpr std::size_t kToldRoutesBytesMax = 8 * 1024;
inline constexpr const char* kDigestOfRoute = "(digest)";

ToldRoutes told_routes(const std::map<std::string, std::shared_ptr<const Route>>& routes);

// Lines that tell both values, "[host] frame_bytes_max is 16MiB here and 8MiB there"; of many, the first
// kDifferencesMax. What comes from the other side is cut, and shown as text.
inline constexpr const char* kDiffers = "{} is configured otherwise than this node: {}";
inline constexpr std::size_t kDifferencesMax = 8;
std::vector<std::string> find_differences(const ToldConfiguration& here, const ToldConfiguration& there);

}  // namespace p2p::host
