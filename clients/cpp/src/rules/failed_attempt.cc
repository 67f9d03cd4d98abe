#include "rules/failed_attempt.h"

#include <utility>

namespace p2p::client {

FailedAttempt failed_attempt_of(const retry::Fault& fault, std::string text) {
  const Effect effect = fault.executed == retry::Executed::no ? Effect::none : Effect::unknown;
  return {{effect, fault.kind, std::move(text)}, fault};
}

FailedAttempt failed_attempt_of_exception(std::int32_t type, std::string_view text, std::string_view node) {
  const retry::Fault& fault = retry::fault_of_exception(type, text);
  std::string words(node);
  words.append(" ").append(fault.says).append(": ").append(text);
  return failed_attempt_of(fault, std::move(words));
}

FailedAttempt failed_attempt_of_store_error(std::int32_t kind, std::string_view message) {
  return failed_attempt_of(retry::fault_of_store_error(kind), std::string(message));
}

bool may_try_again(const FailedAttempt& failed_attempt, bool is_repeatable) noexcept {
  return retry::may_try_again(failed_attempt.fault, is_repeatable ? retry::Repeat::always : retry::Repeat::never);
}

Duration pause_before(std::uint32_t attempt, retry::After after) noexcept {
  const bool is_first_retry = attempt <= 2;
  if (attempt <= 1 || (is_first_retry && after != retry::After::back_off)) return Duration::zero();
  return kRetryPause.after(is_first_retry ? 1 : attempt - 2);
}

}  // namespace p2p::client
