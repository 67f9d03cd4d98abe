// What is a request once it has reached its service? A Call: its message, its origin, and the one chance to answer it.
// Handlers for Thrift types are in <p2p/handlers.h>; this header knows no Thrift, so that interfaces can name calls.
#pragma once

#include <p2p/node_address.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p {

class Codec;  // buffers and protocols of one call, in <p2p/handlers.h>
class Call;

enum class Encoding : std::uint8_t { binary, compact };

// The types of a TApplicationException that a failed call may carry (Thrift's own numbers).
enum class CallFault : std::uint8_t {
  unknown_method = 1,
  internal_error = 6,
  protocol_error = 7,
};

// Prefixes of the text of an `unknown_method` when the service cannot take the call: this node has no such service, it
// is disabled, or it is stopping. Clients may match these.
inline constexpr std::string_view kUnknownPrefix = "p2p:unknown: ";
inline constexpr std::string_view kDisabledPrefix = "p2p:disabled: ";
inline constexpr std::string_view kDrainingPrefix = "p2p:draining: ";

// Prefix of the text of an `internal_error` when a named limit of the host is reached: the service has not seen the
// call.
inline constexpr std::string_view kOverloadedPrefix = "p2p:overloaded: ";

// Prefix of the text of an `internal_error` when this node owns the call's key, but ILocator::lease_held_until() is
// past: another one may own it by now. Nothing was executed.
inline constexpr std::string_view kNoLeasePrefix = "p2p:no-lease: ";

// Prefix of the text of an `internal_error` when a node cannot change any of its services because a step of one does
// not return.
inline constexpr std::string_view kHangingPrefix = "p2p:hanging: ";

// Prefixes of the text when a service that is sharded by its configuration, `[services.NAME.route]`, does not get the
// call. Nothing was executed, except perhaps with the last. `protocol_error`: the message lacks the key field, or has
// it twice; the field's type cannot be a key. `unknown_method`: the route refuses the method. `internal_error`: no node
// that owns the key could be reached in time; the call was forwarded, and it is unknown whether its owner executed it.
inline constexpr std::string_view kNoKeyPrefix = "p2p:no-key: ";
inline constexpr std::string_view kBadKeyPrefix = "p2p:bad-key: ";
inline constexpr std::string_view kUnroutablePrefix = "p2p:unroutable: ";
inline constexpr std::string_view kNotExecutedPrefix = "p2p:not-executed: ";
inline constexpr std::string_view kUnknownOutcomePrefix = "p2p:unknown-outcome: ";

// Whether a call sent to another node that failed this way may have been executed there, or may still be. After any
// other failure it has not been, and will not be.
constexpr bool may_have_run(ErrorKind kind) noexcept {
  return kind == ErrorKind::timed_out || kind == ErrorKind::closed || kind == ErrorKind::protocol ||
         kind == ErrorKind::internal;
}

// How many nodes may forward a call: the client's node forwards once, and the receiver answers or disagrees.
inline constexpr std::uint32_t kHopsMax = 1;

struct CallInfo {
  std::string_view service;  // as configured: "diststore"; valid for the life of the call
  std::string_view method;   // valid for the life of the call
  std::int32_t sequence = 0;
  Encoding encoding = Encoding::binary;
  bool oneway = false;
  std::uint32_t hops = 0;  // 0: from a client; otherwise forwarded by a node whose view has fingerprint `view`
  std::uint64_t view = 0;
};

// The host's side of a Call. Plugins use Call; only a host, or a test, implements this.
class P2P_API CallState {
 public:
  virtual ~CallState();

  virtual const CallInfo& info() const noexcept = 0;
  virtual Codec& codec() noexcept = 0;

  // When a handler gets the call, the codec's input is past the message's head, at the arguments; this moves it back to
  // the head, for generated processors.
  virtual void rewind() noexcept = 0;

  // Each of the following ends the state's part in the call; the state must not be used afterwards. [any thread]
  virtual void finish() noexcept = 0;                                      // the codec holds the whole reply
  virtual void fail(CallFault fault, std::string_view text) noexcept = 0;  // answer with an exception
  virtual void abandon() noexcept = 0;                                     // dropped unanswered: a fault, unless oneway
  virtual void forward(const NodeAddress& to, Duration deadline, std::function<void(Error, Call)> failed) = 0;
  virtual void disagree() noexcept = 0;
  virtual void dispatch_again() = 0;

  virtual void keep() = 0;  // does not end the call
  // The method is oneway in its IDL, even if the client sent it as a call, as generated code of 2009 does: nothing is
  // ever sent back, not even a fault. Does not end the call.
  virtual void expect_no_reply() noexcept = 0;
  virtual TimePoint deadline() const noexcept = 0;

  // See Call.
  virtual void note_unknown_outcome() noexcept = 0;
  virtual bool has_unknown_outcome() const noexcept = 0;
};

// Move-only. Exactly one of answering (through <p2p/handlers.h>), fail(), forward(), disagree() or dispatch_again()
// ends it; a Call destroyed while open is answered with a TApplicationException that says so. May be handed to another
// thread, one at a time. After the deadline `[host] call_timeout` the host has answered instead, and a later answer is
// dropped.
class [[nodiscard]] P2P_API Call {
 public:
  explicit Call(CallState* state) noexcept : state_(state) {}
  Call(Call&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Call& operator=(Call&& other) noexcept;
  ~Call() {
    if (state_ != nullptr) state_->abandon();
  }

  bool open() const noexcept { return state_ != nullptr; }
  const CallInfo& info() const noexcept { return state_->info(); }
  TimePoint deadline() const noexcept { return state_->deadline(); }

  // Answers with a TApplicationException under the caller's sequence id; sends nothing when the call is oneway. [any
  // thread]
  void fail(CallFault fault, std::string_view text) noexcept { take()->fail(fault, text); }

  // Forwards the message unchanged to `to`, and its reply to the caller. On failure `failed` gets the reason and the
  // call, open again, on an I/O thread: it may forward elsewhere, dispatch_again() or fail(). Error kinds: refused,
  // silent, wrong_node or local (could not get through: see ErrorKind), unreachable (one of these a moment ago),
  // timed_out, closed, overloaded, cancelled (this node or the service there is stopping), and not_found when `to`
  // disagrees about who owns the key (the locator has its view by then). may_have_run() tells of one error whether the
  // call may have been executed all the same, has_unknown_outcome() of all attempts. [any thread]
  void forward(const NodeAddress& to, Duration deadline, std::function<void(Error, Call)> failed) {
    take()->forward(to, deadline, std::move(failed));
  }

  // Keeps the message beyond the handler's return. A handler that may forward() or dispatch_again() later must call it
  // before returning; forward() within the handler does so itself. info() and deadline() stay valid in any case. [rpc]
  void keep() { state_->keep(); }

  // For a call with info().hops at the limit whose key is not ours: replies with our view instead of an answer. [any
  // thread]
  void disagree() noexcept { take()->disagree(); }

  // Hands the call to its service again, as if it had just arrived, for example after a change of view. [any thread]
  void dispatch_again() { take()->dispatch_again(); }

  // Another node may have executed the call, or may still do so. The mark stays, however often the call is dispatched
  // again. The host sets it when a forward() fails that way; a service that calls other nodes itself must do the same.
  // A marked call is never answered with a text that says it was not executed: kNotExecutedPrefix and its like become
  // kUnknownOutcomePrefix. [any thread, as the call itself]
  void note_unknown_outcome() noexcept { state_->note_unknown_outcome(); }
  bool has_unknown_outcome() const noexcept { return state_->has_unknown_outcome(); }

  CallState* state() noexcept { return state_; }                         // for <p2p/handlers.h>
  CallState* take() noexcept { return std::exchange(state_, nullptr); }  // for <p2p/handlers.h>

 private:
  CallState* state_;
};

// Handles the requests for a service's name. One object serves every connection.
class P2P_API Endpoint {
 public:
  virtual ~Endpoint();

  // Handles one request. `call` may be answered before the return or later, on any thread. The host answers an
  // exception with INTERNAL_ERROR. Runs on an I/O thread (Dispatch::io: must not block) or a pool thread
  // (Dispatch::pool), concurrently for different connections. [rpc]
  virtual void handle(Call call) = 0;
};

enum class Dispatch : std::uint8_t {
  pool,  // the handler may block; requests of one connection start after the previous one has returned
  io,    // the handler never blocks: it runs at once on the I/O thread, and may answer later
};

struct ServiceSpec {
  std::string idl;  // "diststore.Store": what service_type() answers; "Store" becomes an alias while unique
  std::vector<std::string> extends;  // the chain below it, most basic first: {"locator.Base", "locator.Locator"}
  Dispatch dispatch = Dispatch::pool;
  bool concurrent = false;  // pool only: requests of one connection may start before the previous one has returned
  std::string part;         // "" for the service itself; "peer" serves it as "NAME.peer", without alias or default;
                            // kAdminPart on the admin socket alone
  // Calls are taken only on connections that begin with the hello of a node of this cluster; others are refused as
  // PROTOCOL_ERROR.
  bool nodes_only = false;
};

// What changes more than the caller's own data: NAME.admin, for those who operate the node.
inline constexpr const char* kAdminPart = "admin";

}  // namespace p2p
