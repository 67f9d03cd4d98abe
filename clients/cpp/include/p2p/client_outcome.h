// What became of a call? The value, or a Failure that says above all whether the call may have been executed.
#pragma once

#include <p2p/assert.h>
#include <p2p/client_values.h>
#include <p2p/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace p2p::client {

enum class Effect : std::uint8_t {
  none,     // surely not executed, or without side effects: retrying is safe
  unknown,  // it may have been executed, may still be executed, or neither
};

struct Failure {
  Effect effect = Effect::unknown;
  ErrorKind kind = ErrorKind::internal;
  std::string text;  // what, where and what to do, without a final full stop

  bool is_condition_failed = false;   // the condition of a write or an erase was not met; nothing was done
  std::optional<Version> there = {};  // of the key then, if there is one
};

template <class T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: `return value;` reads well
  Outcome(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // The value; only when ok().
  T& value() & {
    P2P_ASSERT(ok(), "value() of an Outcome that is a failure");
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    P2P_ASSERT(ok(), "value() of an Outcome that is a failure");
    return *std::get_if<0>(&state_);
  }
  T&& value() && { return std::move(value()); }

  // The failure; only when not ok().
  const Failure& failure() const& {
    P2P_ASSERT(!ok(), "failure() of an Outcome that is a value");
    return *std::get_if<1>(&state_);
  }
  Failure&& failure() && { return std::move(const_cast<Failure&>(std::as_const(*this).failure())); }

 private:
  std::variant<T, Failure> state_;
};

}  // namespace p2p::client
