// What does the host know of one served name? Its endpoint, its gate and its counters. Entries live as long as the
// server: a service that stops and starts again resumes its entry and its counters.
#pragma once

#include "routing/route.h"
#include "serving/call_counts.h"

#include <p2p/call.h>
#include <p2p/repeated_warnings.h>
#include <p2p/units.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

class PendingCall;

// starting: calls are parked; admitting: except those of is_taken_while_starting(). open: calls are handled. draining:
// clients' calls are refused, except those of is_taken_while_draining(); peers' are handled. ending: clients' calls are
// refused, peers' are handled. closed: all calls are refused, because the service stops; disabled: because it does not
// run.
enum class GateState : std::uint8_t { starting, admitting, open, draining, ending, closed, disabled };

inline bool refuses_all(GateState state) noexcept { return state >= GateState::closed; }

// One loop's counts for one service, on their own cache line: written by that loop only, read by any.
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
  ServiceEntry(std::string name, std::string owner, ServiceSpec spec, std::shared_ptr<Endpoint> endpoint,
               std::size_t loops);

  const std::string& name() const noexcept { return name_; }    // on the wire: "diststore", "diststore.peer"
  const std::string& owner() const noexcept { return owner_; }  // the service that serves it: "diststore"
  const ServiceSpec& spec() const noexcept { return spec_; }    // [control, or behind the gate]
  Endpoint& endpoint() noexcept { return *endpoint_; }          // [behind the gate]

  // Releases the endpoint, when nothing is behind the gate any more; the gate is shut and stays so until renew().
  // [control]
  void let_go();
  // Serves again, after let_go(): with the gate `starting`. [control]
  void renew(ServiceSpec spec, std::shared_ptr<Endpoint> endpoint);

  // Nodes of the 2009 system call others even while those leave, and take a refusal for the end of the network: so ping
  // and other questions about a node, news of joins and leaves, and the methods that the service has named are answered
  // until the end. [behind the gate]
  bool is_taken_while_draining(std::string_view method) const noexcept;
  bool is_taken_while_starting(std::string_view method) const noexcept;
  void set_always_taken(std::vector<std::string> methods) { taken_ = std::move(methods); }  // [control, gate starting]

  // Which node runs its calls; null: the one that was asked. Former routes live as long as the entry, since calls in
  // flight refer to them; there is one more per operator's change. [any thread]
  const Route* route() const noexcept { return route_.load(std::memory_order_acquire); }
  // For calls that are dispatched from now on. [control]
  void set_route(const std::shared_ptr<const Route>& route);

  // A handler on the worker pool, which may outlive its call's deadline. [any thread]
  void handler_begins() noexcept { handlers_.fetch_add(1, std::memory_order_acq_rel); }
  void handler_ends() noexcept { handlers_.fetch_sub(1, std::memory_order_acq_rel); }
  // No call is in flight and no handler runs; once the gate is shut and every loop has turned since, it stays so.
  // [control]
  bool is_idle() const noexcept { return handlers_.load(std::memory_order_acquire) == 0 && total().in_flight == 0; }
  LoopCounts& counts(std::size_t loop) noexcept { return counts_[loop]; }
  MethodTable& methods(std::size_t loop) noexcept { return methods_[loop]; }
  const std::vector<MethodTable>& methods() const noexcept { return methods_; }
  ServiceCounts total() const noexcept;  // [any thread]

  GateState gate() const noexcept { return gate_.load(std::memory_order_acquire); }
  // Opening a gate dispatches what was parked, in its order, each on its own loop. [control]
  void set_gate(GateState state);

  // Parks a call until the gate opens; false when it has opened meanwhile, or `parked_max` are parked: *is_full says
  // which. The call's message must be kept already. [any loop]
  bool park(PendingCall* pending, std::size_t parked_max, bool* is_full);

  // An exception has left a handler. If a log line is due, returns how many exceptions went unlogged since the last
  // one. [any thread]
  std::optional<std::uint64_t> exception_left(TimePoint now) { return exceptions_.due("", now); }

  void note_error(std::string text);
  std::string last_error() const;

 private:
  const std::string name_;
  const std::string owner_;
  // Changed only while the gate is shut and nothing is behind it; a call that passes the gate sees what was stored
  // before it opened.
  ServiceSpec spec_;
  std::shared_ptr<Endpoint> endpoint_;
  std::vector<std::string> taken_;  // while the gate is admitting or draining
  std::atomic<int> handlers_{0};
  std::vector<LoopCounts> counts_;
  std::vector<MethodTable> methods_;
  std::atomic<GateState> gate_{GateState::starting};
  std::atomic<const Route*> route_{nullptr};
  std::vector<std::shared_ptr<const Route>> routes_;  // [control]
  mutable std::mutex mutex_;                          // guards what follows
  std::vector<PendingCall*> parked_;
  std::string last_error_;
  RepeatedWarnings exceptions_;
};

}  // namespace p2p::host
