// What does a failed attempt mean, and may the call be retried? Nodes and clients use the same table, faults.table;
// each decides when and how to retry (nodes: forwarder.h). Pure.
#pragma once

#include <p2p/call.h>
#include <p2p/result.h>

#include <cstdint>
#include <string_view>

namespace p2p::retry {

enum class Executed : std::uint8_t {
  no,     // certainly not, and it never will be
  maybe,  // then, or later
};
enum class Where : std::uint8_t {
  owner,    // the next attempt goes to the node that owns the key by then
  another,  // the next attempt avoids this node while another one can take the call
  nowhere,  // the next attempt would fail in the same way
};
// For clients. A node pauses before every retry, as retry_queue.h says.
enum class After : std::uint8_t {
  at_once,   // the first retry is immediate; later ones pause
  back_off,  // the first retry pauses too
  new_view,  // as at_once, and the new ring is requested
};

// One row of the table; its header explains the columns.
struct Fault {
  Executed executed = Executed::maybe;
  Where where = Where::nowhere;
  After after = After::at_once;
  bool is_leaving = false;
  bool is_refusal = false;
  bool is_dropped = false;
  bool is_too_much = false;
  ErrorKind kind = ErrorKind::internal;
  std::string_view says;
};

// When is a call with an unknown outcome retried? (docs/decisions/0012)
enum class Repeat : std::uint8_t {
  always,     // it changes nothing, or executing it twice is harmless
  if_closed,  // a write, if its connection closed: the node then drops what it has not executed. A write that is merely
              // late may run after its retry, and after another client's write that followed
  never,      // the second attempt would get a different answer
};

// As in idl/diststore.thrift.
enum class StoreErrorKind : std::int32_t {
  too_large = 1,
  too_many = 2,
  unavailable = 3,
  not_executed = 4,
  condition_failed = 5,
  unsupported = 6,
  operation_forgotten = 7
};

// Nothing of the call was handed to the operating system, for whatever reason.
const Fault& fault_of_unsent() noexcept;

// No reply to what was sent, or the host says that it was not sent.
const Fault& fault_of(ErrorKind kind) noexcept;

// A TApplicationException. Types are Thrift's own numbers. A prefix of <p2p/call.h> counts only with the type that
// nodes send it with: a service may relay a text that it received. An exception that says neither that nothing was
// executed nor that the node lost track of the call is the service's own failure: the outcome is unknown, and a retry
// would fail again.
const Fault& fault_of_exception(std::int32_t type, std::string_view text) noexcept;

// An unknown kind says nothing about what happened.
const Fault& fault_of_store_error(std::int32_t kind) noexcept;

// A call that was not executed may be retried, a possibly executed one as `repeat` says; neither if the failure lasts.
bool may_try_again(const Fault& fault, Repeat repeat) noexcept;

// The same for a request from one node to another.
bool is_worth_retrying(ErrorKind kind, Repeat repeat) noexcept;

// Whether an exception says that no handler saw the call, and that an attempt by another node may succeed.
bool is_refusal(CallFault type, std::string_view text) noexcept;

// The same for an exception of unknown type that no handler threw: one between nodes of ours.
bool is_refusal(std::string_view text) noexcept;

}  // namespace p2p::retry
