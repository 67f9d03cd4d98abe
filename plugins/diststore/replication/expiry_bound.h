// Before when does nothing of a partition expire? So that a partition is looked through only when something in it may
// have expired, and a store without times to live never is. Costs its keys nothing.
#pragma once

#include "replication/expiry.h"

#include <algorithm>
#include <limits>

namespace p2p::diststore::replication {

class ExpiryBound final {
 public:
  static constexpr WallMs kNever = std::numeric_limits<WallMs>::max();

  WallMs first() const noexcept { return first_; }
  bool may_have_come(WallMs now) const noexcept { return first_ <= now; }

  // Such a value is stored from now on.
  void note(WallMs expires_at) noexcept {
    first_ = std::min(first_, expires_at);
    added_ = std::min(added_, expires_at);
  }
  // The partition is empty.
  void clear() noexcept { first_ = added_ = kNever; }
  // Nobody knows what it holds: it has to be looked through.
  void set_unknown() noexcept { first_ = added_ = 0; }

  // Around a look at all of it, which may take many steps. One that is not ended leaves the bound as it was.
  void begin_look() noexcept { added_ = kNever; }
  // `remaining`: the first that was seen and not erased.
  void end_look(WallMs remaining) noexcept { first_ = std::min(remaining, added_); }

 private:
  WallMs first_ = kNever;
  WallMs added_ = kNever;  // since a look began
};

}  // namespace p2p::diststore::replication
