#include "rules/setback.h"

#include <p2p/call.h>

#include <algorithm>
#include <string>

namespace p2p::client {
namespace {

constexpr bool is_of(std::int32_t type, CallFault fault) noexcept { return type == static_cast<std::int32_t>(fault); }

Setback setback_of_unknown_method(const std::string& node, std::string_view text) {
  if (text.starts_with(kDrainingPrefix)) {
    return {{Effect::none, ErrorKind::cancelled, node + " is stopping: " + std::string(text)}, false, true};
  }
  // Disabled by an operator, not loaded, no such method, or one that a route refuses: that lasts.
  return {{Effect::none, ErrorKind::not_found, node + " does not serve this: " + std::string(text)}, true};
}

Setback setback_of_internal_error(const std::string& node, std::string_view text) {
  if (text.starts_with(kOverloadedPrefix)) {
    return {{Effect::none, ErrorKind::overloaded, node + " is overloaded: " + std::string(text)}};
  }
  if (text.starts_with(kNotExecutedPrefix)) {
    return {{Effect::none, ErrorKind::unreachable, node + " has not executed it: " + std::string(text)}};
  }
  if (text.starts_with(kUnknownOutcomePrefix)) {
    return {{Effect::unknown, ErrorKind::timed_out, node + " has no answer of the owner: " + std::string(text)}};
  }
  return {{Effect::unknown, ErrorKind::internal, node + " failed: " + std::string(text)}, true};
}

}  // namespace

Setback setback_of_exception(std::int32_t type, std::string_view text, std::string_view node) {
  const std::string by(node);
  if (is_of(type, CallFault::unknown_method)) return setback_of_unknown_method(by, text);
  if (is_of(type, CallFault::internal_error)) return setback_of_internal_error(by, text);
  // No key, one that cannot be a key, or arguments that could not be read: no handler has seen them.
  if (is_of(type, CallFault::protocol_error)) {
    return {{Effect::none, ErrorKind::invalid, by + " cannot read the call: " + std::string(text)}, true};
  }
  return {{Effect::unknown, ErrorKind::internal, by + " failed: " + std::string(text)}, true};
}

Setback setback_of_store_error(std::int32_t kind, std::string_view message) {
  const std::string why(message);
  switch (static_cast<StoreErrorKind>(kind)) {
    case StoreErrorKind::too_large:
    case StoreErrorKind::too_many:
      return {{Effect::none, ErrorKind::invalid, why}, true};
    case StoreErrorKind::not_executed:
      return {{Effect::none, ErrorKind::unreachable, why}};
    case StoreErrorKind::unavailable:
      break;
  }
  return {{Effect::unknown, ErrorKind::timed_out, why}};
}

bool may_try_again(const Setback& setback, bool is_repeatable) noexcept {
  return !setback.is_lasting && (setback.failure.effect == Effect::none || is_repeatable);
}

Duration pause_before(std::uint32_t attempt) noexcept {
  if (attempt <= 2) return Duration::zero();
  const std::uint32_t doublings = std::min<std::uint32_t>(attempt - 3, 10);
  return std::min(kRetryPauseMax, kRetryPauseFirst * (1 << doublings));
}

}  // namespace p2p::client
