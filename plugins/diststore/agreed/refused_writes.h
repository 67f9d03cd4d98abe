// Why does a primary take no write at the moment? For those who asked, and for the log.
#pragma once

#include "replication/effects.h"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace p2p::diststore::agreed {

// Nothing: too few copies are not the reason.
inline std::optional<std::string> too_few_copies(const replication::Answer& refused) {
  if (refused.copies_required == 0) return std::nullopt;
  return fmt::format(
      "{} of the {} copies that a write needs (copies_min) {} in sync; writes of the key's partition go on when "
      "another "
      "one is: p2pctl why KEY shows them",
      refused.copies_in_sync, refused.copies_required, refused.copies_in_sync == 1 ? "is" : "are");
}

}  // namespace p2p::diststore::agreed
