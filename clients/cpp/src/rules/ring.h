// Who owns a key, as far as the client knows? The members as reported by a node, checked, with the network's placement
// over them.
#pragma once

#include "placement/placement.h"

#include <p2p/client_values.h>
#include <p2p/result.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace p2p::client {

// Members that a ring may have: as many as a node's table may hold. Bounds what a foreign message makes us keep.
inline constexpr std::size_t kMembersMax = 10'000;

// Never changes. [any thread]
class Ring final {
 public:
  // Sorts the members by name. An error of kind protocol when there are too many, one is named twice, or the
  // fingerprint does not match members and placement: then the node and we do not mean the same by them. A placement
  // that we do not know is no error, but such a ring has no owners.
  static Result<std::shared_ptr<const Ring>> of(RingFacts facts);

  const RingFacts& facts() const noexcept { return facts_; }
  bool knows_owners() const noexcept { return placed_ != nullptr && !facts_.members.empty(); }

  // Index in facts().members; nothing unless knows_owners().
  std::optional<std::size_t> owner_of(std::string_view key) const;

 private:
  Ring(RingFacts facts, std::unique_ptr<const placement::Ring> placed)
      : facts_(std::move(facts)), placed_(std::move(placed)) {}

  const RingFacts facts_;
  const std::unique_ptr<const placement::Ring> placed_;
};

}  // namespace p2p::client
