// What is asked of a client that knows which node owns a key? One operation reads or writes a few keys, wherever they
// are; many are under way at once.
#pragma once

#include "load/dataset.h"
#include "load/failures.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <p2p/node_address.h>

namespace p2p::bench {

// What came of an operation: how many of its keys went wrong, and how the first of them.
struct Ended {
  std::size_t bad = 0;
  load::Verdict verdict = load::Verdict::good;
  std::string words;

  void count(load::Verdict what, std::string why, std::size_t times = 1) {
    if (bad == 0) {
      verdict = what;
      words = std::move(why);
    }
    bad += times;
  }
};

class OperationObserver {
 public:
  virtual ~OperationObserver();

  // The operation in `place` has ended. On the client's own thread; may begin the next one there.
  virtual void ended(std::size_t place, Ended how) noexcept = 0;
};

enum class Verb : bool { read, write };

class ClusterClient {
 public:
  virtual ~ClusterClient();

  // Begins an operation: a single key as one call, several as one batch. `place` tells operations apart that are under
  // way at once; `numbers` lives until it has ended. From any thread, one at a time.
  virtual void begin(Verb verb, std::span<const std::uint64_t> numbers, std::size_t place) = 0;
};

// Knows the nodes before it returns. Keys and values are those of `data`; values are looked at for their size. The
// client ends what is under way when it is destroyed. Throws std::runtime_error when no node answers.
using MakeClusterClient = std::unique_ptr<ClusterClient> (*)(const NodeAddress& seed, const load::Dataset& data,
                                                             std::size_t places_max, OperationObserver& observer);

// <p2p/client.h>: batches are split by owner, one call each.
std::unique_ptr<ClusterClient> smart_client(const NodeAddress& seed, const load::Dataset& data, std::size_t places_max,
                                            OperationObserver& observer);

// Redis Cluster: keys of a batch are GETs and SETs of their own, pipelined, because MGET and MSET take keys of one slot
// only. One connection to each master; what is asked of it in one turn leaves in one write.
std::unique_ptr<ClusterClient> redis_cluster_client(const NodeAddress& seed, const load::Dataset& data,
                                                    std::size_t places_max, OperationObserver& observer);

}  // namespace p2p::bench
