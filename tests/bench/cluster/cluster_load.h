// What does a cluster make of a load that goes straight to the owners? Keeps `depth` operations under way on each of
// `clients` clients; each client has a thread.
#pragma once

#include "cluster/cluster_client.h"
#include "load/load.h"
#include "load/requests.h"

namespace p2p::bench {

struct ClusterLoad {
  NodeAddress seed;
  load::Dataset data;
  load::KeyRange keys;
  load::KeyOrder order = load::KeyOrder::random;
  Verb verb = Verb::read;
  std::size_t clients = 1;
  std::size_t depth = 1;
  std::size_t batch = 1;  // keys of an operation

  // A run ends after whichever comes first; the last batch may be smaller.
  std::uint64_t keys_max = UINT64_MAX;
  std::chrono::nanoseconds duration_max = std::chrono::hours(1);
  std::chrono::nanoseconds silence_max = std::chrono::seconds(10);  // nothing ended for as long: an error

  std::function<void()> on_begin;  // when every client knows the cluster
  std::function<void()> on_end;    // when the last operation has ended
};

// `answered` counts keys, `latency` operations. Throws std::runtime_error when no node answers, or not any more.
load::LoadResult run_cluster_load(const ClusterLoad& load, MakeClusterClient make);

}  // namespace p2p::bench
