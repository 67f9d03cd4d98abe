// A proxy between two nodes: passes bytes on, and cuts each connection after a random number of them.
#pragma once

#include "descriptor.h"

#include <atomic>
#include <cstdint>
#include <list>
#include <random>
#include <thread>
#include <vector>

namespace disconnects {

// Runs on a thread of its own from construction to destruction.
class CuttingProxy final {
 public:
  // Cuts a connection after at most `bytes_max` bytes, counted in both directions together; with 0 it cuts none.
  CuttingProxy(int target_port, std::uint32_t bytes_max, std::uint64_t seed);
  ~CuttingProxy();

  int port() const noexcept { return port_; }
  std::int64_t cuts() const noexcept { return cuts_.load(); }

 private:
  struct Pair {
    Descriptor near;
    Descriptor far;
    std::uint32_t bytes_left;
  };

  void run();
  void accept_one();
  // False: the pair must be closed.
  bool pass_on(Pair& pair, const Descriptor& from, const Descriptor& to);
  void cut(Pair& pair);

  const int target_port_;
  const std::uint32_t bytes_max_;
  std::mt19937_64 random_;
  Descriptor listener_;
  int port_ = 0;
  std::list<Pair> pairs_;
  std::vector<char> block_;
  std::atomic<std::int64_t> cuts_{0};
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

}  // namespace disconnects
