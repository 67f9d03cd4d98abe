// What does a server do under load? Keeps `depth` requests in flight on each of `connections` connections, in one thread.
#pragma once

#include "generator/histogram.h"
#include "generator/requests.h"
#include "generator/wire.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace p2p::bench {

struct LoadOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::size_t connections = 50;
  std::size_t depth = 1;
  // A run ends after whichever comes first.
  std::uint64_t operations_max = UINT64_MAX;
  std::chrono::nanoseconds duration_max = std::chrono::hours(1);
};

struct LoadResult {
  std::uint64_t operations = 0;  // answered
  std::uint64_t bad = 0;         // of those: not found, or refused
  std::chrono::nanoseconds elapsed{};
  Histogram latency;
};

// Blocks until the run has ended and every request is answered. Throws std::runtime_error when a connection cannot be made or
// breaks, or when nothing was answered for 10 s.
LoadResult run_load(const LoadOptions& options, const Wire& wire, Requests& requests);

}  // namespace p2p::bench
