// What did the operator set for the locator? [services.locator.config], read once.
#pragma once

#include "discovery/discovery.h"
#include "membership/classic.h"

#include <p2p/config.h>
#include <p2p/result.h>

#include <string>

namespace p2p::ring {

struct Settings {
  std::string membership;  // "classic"
  std::string placement;   // "classic"
  membership::ClassicOptions classic;
  discovery::Options discovery;
  Duration call_timeout{};
  Duration layer_timeout{};
};

// An error names the key and what is allowed. `self` is how others reach this node; for a mere check it may be empty.
Result<Settings> read_settings(const Config& config, const Location& self);

}  // namespace p2p::ring
