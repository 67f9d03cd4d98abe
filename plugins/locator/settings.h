// What did the operator set for the locator? [services.locator.config], read once.
#pragma once

#include "discovery/discovery.h"

#include <p2p/config.h>
#include <p2p/result.h>

#include <string>

namespace p2p::ring {

struct Settings {
  discovery::Options discovery;
  Duration call_timeout{};
  Duration layer_timeout{};
};

// An error names the key and what is allowed. `self` is how others reach this node; may be empty when only checking.
Result<Settings> read_settings(const Config& config, const NodeAddress& self);

}  // namespace p2p::ring
