// What happens when an attempt at a call fails? Whether it may have been executed, and whether it is retried: the rules
// of lib/retry in the client's terms.
#pragma once

#include "net/back_off.h"
#include "retry/faults.h"

#include <p2p/client_outcome.h>
#include <p2p/units.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::client {

// One failed attempt.
struct FailedAttempt {
  Failure failure;
  retry::Fault fault;
};

// The first retry is mostly immediate: the usual cause is a node that has just gone, and another one knows the new
// owner. Then the back-off grows, from the time in which a changed ring reaches all nodes to one that a person does not
// notice.
inline constexpr net::BackOff kRetryPause{.first = std::chrono::milliseconds(5), .max = std::chrono::milliseconds(250)};

// An attempt that ended in `fault`; `text` says how.
FailedAttempt failed_attempt_of(const retry::Fault& fault, std::string text);

// What a TApplicationException of this type and text, answered by `node`, means.
FailedAttempt failed_attempt_of_exception(std::int32_t type, std::string_view text, std::string_view node);

// What a refusal that the store declares means.
FailedAttempt failed_attempt_of_store_error(std::int32_t kind, std::string_view message);

// A surely unexecuted call may be retried, one with an unknown outcome only when executing it twice does no harm.
bool may_try_again(const FailedAttempt& failed_attempt, bool is_repeatable) noexcept;

// The pause before attempt `attempt`, counted from 1; `after`: how the previous one ended.
Duration pause_before(std::uint32_t attempt, retry::After after) noexcept;

}  // namespace p2p::client
