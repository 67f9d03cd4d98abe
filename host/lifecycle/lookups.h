// Lookups of the Services sources, in lists of a few entries.
#pragma once

#include "config/host_config.h"

#include <algorithm>
#include <string>
#include <vector>

namespace p2p::host {

inline bool contains(const std::vector<std::string>& ids, const std::string& wanted) {
  return std::find(ids.begin(), ids.end(), wanted) != ids.end();
}

// One of `some` is among `others`.
inline bool intersects(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  return std::any_of(some.begin(), some.end(), [&](const std::string& id) { return contains(others, id); });
}

// Null: it names no such service.
inline const ServiceConfig* config_of(const HostConfig& config, const std::string& name) {
  const auto& all = config.services;
  const auto found = std::find_if(all.begin(), all.end(), [&](const ServiceConfig& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace p2p::host
