// How does a call report a failure that is no bug? With a Result: the value, or an Error that a person can act on.
#pragma once

#include <p2p/assert.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace p2p {

enum class ErrorKind : std::uint8_t {
  refused,     // nothing listens there, or the other side said no
  timed_out,   // no answer before the deadline; it may have happened
  closed,      // the connection ended before the answer; it may have happened
  protocol,    // bytes that make no sense
  overloaded,  // a named limit is reached; nothing was done
  cancelled,   // the node is stopping; nothing was done
  not_found,
  invalid,      // a value outside what is allowed
  unsupported,  // the other side is a node of the 2009 system and knows only its own calls; nothing was done
  internal,     // a plugin or the host misbehaved
  unreachable,  // connecting to that node failed a moment ago: nothing was tried this time, and nothing was done
  local,   // this machine said no (descriptors, ports, memory, name resolution, its own network): nothing was sent, and
           // it says nothing about the other side
  silent,  // a connect got no answer in time, or the network has no route: nothing was sent
  wrong_node,  // something else answers there: another program, or a node of other services or of another
               // network; nothing was done
};

// "refused", "timed out", ...: the words that logs and messages use.
P2P_API const char* to_text(ErrorKind kind) noexcept;

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string text;  // what, where and what to do, without a final full stop
};

// The value of a Result that carries nothing but success.
struct Done {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: `return value;` must read well
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // The value; only when ok().
  T& value() & {
    P2P_ASSERT(ok(), "value() of a Result that is an error");
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    P2P_ASSERT(ok(), "value() of a Result that is an error");
    return *std::get_if<0>(&state_);
  }
  T&& value() && { return std::move(value()); }

  // The error; only when not ok().
  const Error& error() const {
    P2P_ASSERT(!ok(), "error() of a Result that is a value");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

}  // namespace p2p
