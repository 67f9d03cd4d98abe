// How does a server handle a load? Keeps `depth` requests in flight on each of `connections` connections, in one
// thread.
#pragma once

#include "load/failures.h"
#include "load/histogram.h"
#include "load/requests.h"

#include <p2p/node_address.h>
#include <p2p/result.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace p2p::load {

struct LoadResult {
  std::uint64_t answered = 0;  // whole replies, bad ones included
  Failures failures;           // bad replies, and requests that got none
  std::chrono::nanoseconds elapsed{};
  Histogram latency;     // of what was answered
  bool stopped = false;  // by `stop`

  std::uint64_t good() const noexcept {
    return answered - (failures.total() - failures.of(Verdict::closed) - failures.of(Verdict::unanswered));
  }
};

struct LoadOptions {
  std::vector<NodeAddress> targets;  // connections are dealt to them in turn
  std::size_t connections = 50;      // all together
  std::size_t depth = 1;

  // A run ends after whichever comes first.
  std::uint64_t operations_max = UINT64_MAX;
  std::chrono::nanoseconds duration_max = std::chrono::hours(1);
  const std::atomic<bool>* stop = nullptr;  // asked about ten times a second, and after each signal; null: never

  // The run ends when nothing arrives for this long; longer than a node's call_timeout, since its answer says more.
  std::chrono::nanoseconds silence_max = std::chrono::seconds(10);

  std::function<void()> on_begin;                      // when all are connected
  std::function<void(const LoadResult&)> on_progress;  // about ten times a second; the result so far
  std::function<void()> on_end;                        // after the last reply, before the connections close
};

// Blocks until the run has ended and everything in flight is answered or given up. Fails when a connection cannot be
// made; one that breaks later is not reopened: its requests in flight count as `closed`, the others go on.
Result<LoadResult> run_load(const LoadOptions& options, Requests& requests);

}  // namespace p2p::load
