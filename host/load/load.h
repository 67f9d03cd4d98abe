// What does a server make of a load? Keeps `depth` requests in flight on each of `connections` connections, in one
// thread.
#pragma once

#include "load/failures.h"
#include "load/histogram.h"
#include "load/requests.h"

#include <p2p/location.h>
#include <p2p/result.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace p2p::load {

struct LoadResult {
  std::uint64_t answered = 0;  // whole replies, also those that are no good
  Failures failures;           // replies that are no good, and requests that got none
  std::chrono::nanoseconds elapsed{};
  Histogram latency;     // of what was answered
  bool stopped = false;  // by `stop`

  std::uint64_t good() const noexcept {
    return answered - (failures.total() - failures.of(Verdict::closed) - failures.of(Verdict::unanswered));
  }
};

struct LoadOptions {
  std::vector<Location> targets;  // connections are dealt to them in turn
  std::size_t connections = 50;   // all together
  std::size_t depth = 1;

  // A run ends after whichever comes first.
  std::uint64_t operations_max = UINT64_MAX;
  std::chrono::nanoseconds duration_max = std::chrono::hours(1);
  const std::atomic<bool>* stop = nullptr;  // asked about ten times a second, and after each signal; null: never

  // Longer than the call_timeout of a node, whose own answer says more: nothing from anybody for as long ends the run.
  std::chrono::nanoseconds silence_max = std::chrono::seconds(10);

  std::function<void()> on_begin;                      // when all are connected
  std::function<void(const LoadResult&)> on_progress;  // about ten times a second; what came of it so far
  std::function<void()> on_end;                        // when the last reply is there and the connections still are
};

// Blocks until the run has ended and what is in flight is answered or given up. An error when a connection could not be
// made; one that breaks later is not made again: what was in flight on it counts as `closed`, the others go on.
Result<LoadResult> run_load(const LoadOptions& options, Requests& requests);

}  // namespace p2p::load
