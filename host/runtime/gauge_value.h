// What does a gauge of a service say at one moment? Pure.
#pragma once

#include <p2p/context.h>

#include <cstdint>
#include <string>

namespace p2p::host {

struct GaugeValue {
  std::string name;
  Labels labels;
  std::int64_t value = 0;
};

// A gauge as a single name, as on the wire of `status`: operators and their scripts know "moving_keys_done", labels or
// not.
inline std::string gauge_text(const std::string& name, const Labels& labels) {
  std::string text = name;
  for (const auto& [label, value] : labels) text += '_' + value;
  return text;
}

}  // namespace p2p::host
