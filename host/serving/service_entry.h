// What does the host know of one served name? Its endpoint, its gate and its counters. Entries live as long as the server.
#pragma once

#include <p2p/call.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace p2p::host {

class CallSlot;

// starting: calls are parked. open: calls are handled. draining: clients' calls are refused, peers' are handled. closed: all
// calls are refused.
enum class GateState : std::uint8_t { starting, open, draining, closed };

// One loop's counts of one service: written by that loop only, read by anyone; a cache line of its own.
struct alignas(64) LoopCounts {
  std::atomic<std::int64_t> calls{0};
  std::atomic<std::int64_t> errors{0};
  std::atomic<std::int64_t> ended{0};
  std::atomic<std::int64_t> forwarded{0};

  static void bump(std::atomic<std::int64_t>& count) noexcept {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
};

struct ServiceCounts {
  std::int64_t calls = 0;
  std::int64_t errors = 0;
  std::int64_t in_flight = 0;
  std::int64_t forwarded = 0;
};

class ServiceEntry final {
 public:
  ServiceEntry(std::string name, std::string owner, ServiceSpec spec, std::shared_ptr<Endpoint> endpoint, std::size_t loops);

  const std::string& name() const noexcept { return name_; }    // on the wire: "diststore", "diststore.peer"
  const std::string& owner() const noexcept { return owner_; }  // the service that serves it: "diststore"
  const ServiceSpec& spec() const noexcept { return spec_; }
  Endpoint& endpoint() noexcept { return *endpoint_; }
  LoopCounts& counts(std::size_t loop) noexcept { return counts_[loop]; }
  ServiceCounts total() const noexcept;  // [any thread]

  GateState gate() const noexcept { return gate_.load(std::memory_order_acquire); }
  // Opening a gate dispatches what was parked, in its order, each on its own loop. [control]
  void set_gate(GateState state);

  // Keeps a call until the gate opens; false when it has opened meanwhile, or `parked_max` are waiting: *full says which.
  // The slot's message is kept already. [any loop]
  bool park(CallSlot* slot, std::size_t parked_max, bool* is_full);

  void note_error(std::string text);
  std::string last_error() const;

 private:
  const std::string name_;
  const std::string owner_;
  const ServiceSpec spec_;
  const std::shared_ptr<Endpoint> endpoint_;
  std::vector<LoopCounts> counts_;
  std::atomic<GateState> gate_{GateState::starting};
  mutable std::mutex mutex_;  // guards what follows
  std::vector<CallSlot*> parked_;
  std::string last_error_;
};

}  // namespace p2p::host
