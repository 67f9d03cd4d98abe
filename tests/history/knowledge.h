// What can one say about a key at the time of a call? What surely held before it began, and what may have happened
// before it ended. A call whose outcome is unknown never surely happened, and may happen at any time after it began.
#pragma once

#include "history/history.h"

#include <span>
#include <vector>

namespace p2p::history {

// Among calls that had ended before this one began; nullptr where there is none.
struct Before {
  const Call* newest = nullptr;        // the highest version that was acknowledged or read
  const Call* newest_value = nullptr;  // the highest version of a value, so without erases
  const Call* newest_erase = nullptr;  // the highest version of an erase
  const Call* latest_value = nullptr;  // of those that wrote or read a value, the one that began last
  const Call* latest_gone = nullptr;   // of those that erased or found nothing, the one that began last
};

// Among changes that may have taken effect before this call ended; nullptr where there is none.
struct Until {
  const Call* newest_erase = nullptr;  // the highest version of those that were told theirs
  const Call* last_erase = nullptr;    // of those without a version, the one that could take effect last
  const Call* newest_write = nullptr;  // the highest version; one without a version counts as the highest
  const Call* last_write = nullptr;    // the one that could take effect last
};

struct Knowledge {
  Before before;
  Until until;
};

// The last moment at which the call may take effect: its end, or never-ending when its outcome is unknown.
Moment latest_effect(const Call& call) noexcept;

// `calls` are all of one key, in the order in which they began. The answer has one entry for each.
std::vector<Knowledge> knowledge_of(std::span<const Call* const> calls);

}  // namespace p2p::history
