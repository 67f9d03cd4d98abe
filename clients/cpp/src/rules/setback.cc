#include "rules/setback.h"

#include <p2p/call.h>

#include <algorithm>
#include <string>

namespace p2p::client {

Setback setback_of_exception(std::int32_t type, std::string_view text, std::string_view node) {
  const std::string by(node);
  if (type != static_cast<std::int32_t>(CallFault::unknown_method)) {
    return {{Effect::unknown, ErrorKind::internal, by + " failed: " + std::string(text)}};
  }
  if (text.starts_with(kDrainingPrefix)) {
    return {{Effect::none, ErrorKind::cancelled, by + " is stopping: " + std::string(text)}, false, true};
  }
  // Disabled by an operator, not loaded, or no such method: that lasts.
  return {{Effect::none, ErrorKind::not_found, by + " does not serve this: " + std::string(text)}, true};
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
