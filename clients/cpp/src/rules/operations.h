// How does a client name its writes, so that stores do each of them once (docs/decisions/0044)? By a number that rises,
// and is about the time: what stores have forgotten has lower ones.
#pragma once

#include <cstdint>

namespace p2p::client {

struct OperationId {
  std::uint64_t client = 0;
  std::uint64_t number = 0;  // 0: it has no name
};

// One thread at a time.
class OperationNames final {
 public:
  explicit OperationNames(std::uint64_t client) : client_(client) {}

  // Another name than all before. `now_us`: microseconds since 1970 by this machine's clock, whatever that is worth.
  OperationId next(std::uint64_t now_us);
  // The same, instead of one with the number `refused`: a store wants it just above `told`, and so may others.
  OperationId next_above(std::uint64_t told, std::uint64_t refused, std::uint64_t now_us);

 private:
  std::uint64_t client_;
  std::uint64_t last_ = 0;
  std::uint64_t ahead_us_ = 0;  // of the clock, modulo 2^64
};

}  // namespace p2p::client
