// How long did the calls of a history take?
#pragma once

#include "history/history.h"

#include <vector>

namespace p2p::history {

struct Latencies {
  double slowest_ms = 0;
  double p99_ms = 0;
};

// Of the calls that somebody waited for: done or unknown.
Latencies latencies_of(const std::vector<Call>& calls);

}  // namespace p2p::history
