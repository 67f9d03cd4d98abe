// What follows when an attempt at a call has failed? Whether it may have been executed, and whether it is tried again.
#pragma once

#include <p2p/client_outcome.h>
#include <p2p/units.h>

#include <cstdint>
#include <string_view>

namespace p2p::client {

// One failed attempt.
struct Setback {
  Failure failure;
  bool is_lasting = false;     // trying again soon, here or elsewhere, changes nothing
  bool is_of_leaving = false;  // the node is on its way out: the ring has changed, or will in a moment
};

// The first try after a failed one comes at once: the usual reason is a node that has just gone, and another knows
// better. Then pauses grow, from the time in which a changed ring reaches everyone to what a person does not notice.
inline constexpr Duration kRetryPauseFirst = std::chrono::milliseconds(5);
inline constexpr Duration kRetryPauseMax = std::chrono::milliseconds(250);

// What a TApplicationException of this type and text, answered by `node`, means. Types are Thrift's own numbers. A
// prefix of <p2p/call.h> counts only with the type that nodes send it with: a service may pass on a text that it was
// given. What says neither that nothing was executed nor that the node lost sight of the call is the service's own
// failure: its outcome is unknown, and lasts, since asked again it fails again.
Setback setback_of_exception(std::int32_t type, std::string_view text, std::string_view node);

// Those of idl/diststore.thrift.
enum class StoreErrorKind : std::int32_t { too_large = 1, too_many = 2, unavailable = 3, not_executed = 4 };

// What a refusal that the store declares means. A kind that is not known says
// nothing of what has happened.
Setback setback_of_store_error(std::int32_t kind, std::string_view message);

// A surely unexecuted call may be tried again, one with an unknown outcome only when executing it twice does no harm.
bool may_try_again(const Setback& setback, bool is_repeatable) noexcept;

// Before attempt `attempt`, of which the first is number 1.
Duration pause_before(std::uint32_t attempt) noexcept;

}  // namespace p2p::client
