// How does a message become a call? The router reads its head, finds the service, checks the gate and starts the
// handler on the right thread; every answer that needs no service (unknown, disabled, draining) comes from here.
#pragma once

#include "serving/http_taker.h"
#include "serving/limits.h"
#include "serving/pending_call.h"
#include "serving/service_table.h"

#include <p2p/log.h>
#include <p2p/repeated_warnings.h>
#include <p2p/snapshot.h>
#include <p2p/strand.h>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

class Loop;

// How a call reaches the owner of its key; the peers' side of PendingCall::forward. [own loop of the call]
class Forwarder {
 public:
  virtual ~Forwarder() = default;
  // Sends the kept call; `pending` gets the outcome.
  virtual void forward(PendingCall& pending, const NodeAddress& to, TimePoint deadline) = 0;
  // Ends the call as the reply to its forward says.
  virtual void replied(PendingCall& pending, std::string_view reply) = 0;
};

// What this node answers to a node that forwarded a call to the wrong owner. [any thread]
class ViewTeller {
 public:
  virtual ~ViewTeller() = default;
  virtual std::int64_t view() const = 0;            // fingerprint
  virtual std::string encoded_members() const = 0;  // opaque: the locator's table
};

// Which calls of a service with a route run elsewhere; in peers/call_routing.h.
class RouteKeeper {
 public:
  virtual ~RouteKeeper() = default;
  // False: the call runs here, and nothing was done. True: it is answered, forwarded or waits. [own loop of the call]
  virtual bool takes(PendingCall& pending, const Route& route) = 0;
};

// What an origin must do after a message was taken.
enum class Taken : std::uint8_t {
  accepted,
  hold_back,  // accepted, but the connection's next message must wait for returned()
  malformed,  // not a call: the origin gets no answer, and the connection is unusable
};

class ServiceRouter final {
 public:
  ServiceRouter(ServingLimits limits, WorkerPool& pool, Logger& log);

  Logger& log() noexcept { return log_; }
  const ServingLimits& limits() const noexcept { return limits_; }
  // A connection is closed on which this many bytes of replies wait. [any thread]
  void warn_unread(std::size_t bytes);
  void set_timeouts(const HostConfig& config) noexcept;  // for calls that come from now on [control]
  void set_forwarder(Forwarder* forwarder) noexcept { forwarder_ = forwarder; }
  void set_route_keeper(RouteKeeper* keeper) noexcept { route_keeper_ = keeper; }
  Forwarder* forwarder() noexcept { return forwarder_; }
  // Who answers HTTP on the connections of this router; null: nobody. [before the first connection]
  void set_http(HttpTaker* taker) noexcept { http_ = taker; }
  HttpTaker* http() noexcept { return http_; }

  // From now on calls of Peer.forward are unwrapped here: the call in the message goes to its service, and its reply
  // becomes the reply of Peer.forward. `teller` outlives the router. [before the first call]
  void take_forwards(const ViewTeller& teller) noexcept { teller_ = &teller; }
  // The reply to a forwarded call for a key that this node does not own. [any thread]
  void append_disagreement(std::string& out, const Envelope& envelope) const;

  // Puts `endpoint` behind `name`, with the gate `starting`. A name that was served before and let go of keeps its
  // entry. Refused when the name is taken, empty or contains ':'. [control]
  Result<std::shared_ptr<ServiceEntry>> serve(const std::string& name, const std::string& owner, ServiceSpec spec,
                                              std::shared_ptr<Endpoint> endpoint, std::size_t loops);
  // All that have ever been served. [any thread]
  std::vector<std::shared_ptr<ServiceEntry>> entries();
  void refresh(const std::vector<std::string>& defaults,
               std::vector<std::string> disabled);  // see ServiceTable [control]

  // Takes one whole message. `service_given` overrides what the message names (a forwarded call's service). The message
  // may be rewritten in place and must stay valid until this returns. [own loop]
  Taken take(Loop& loop, const Arrival& arrival, std::span<char> message, std::string_view service_given = {});

  // Starts the handler of a call that was parked or asks to be dispatched again. [own loop]
  void dispatch(PendingCall& pending);

  // A message is larger than its connection takes; `begun` is what has arrived of it. [any loop]
  void warn_too_large(std::string_view begun, Encoding encoding, TimePoint now);

 private:
  Taken take_forward(Loop& loop, const Arrival& arrival, const MessageHead& head, std::span<char> message);
  static void answer_fault(Loop& loop, const Arrival& arrival, const MessageHead& head, CallFault fault,
                           const std::string& text);
  static std::string why_unknown(const ServiceTable& table, std::string_view service);
  static std::string why_refused(const ServiceEntry& entry);
  static std::string why_strange(const ServiceEntry& entry);
  void run_inline(PendingCall& pending);
  void run_pooled(PendingCall& pending);
  // Runs the handler on this thread and ends a call that it abandoned; true when the call has ended.
  bool run_handler(PendingCall& pending);
  void log_exception(ServiceEntry& entry, const std::string& thrown);
  void park(PendingCall& pending);

  ServingLimits limits_;
  WorkerPool& pool_;
  Logger& log_;
  Forwarder* forwarder_ = nullptr;
  const ViewTeller* teller_ = nullptr;
  RouteKeeper* route_keeper_ = nullptr;
  HttpTaker* http_ = nullptr;
  RepeatedWarnings unread_;
  // The newest table, for its writers, one at a time. They never read the snapshot: its per-thread cached copy would
  // keep endpoints alive until the thread ends, and the control thread outlives all that endpoints refer to.
  std::mutex changes_;
  std::shared_ptr<const ServiceTable> newest_;
  Snapshot<ServiceTable> table_;
  RepeatedWarnings too_large_;
};

}  // namespace p2p::host
