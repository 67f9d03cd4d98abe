// Who owns a key, as far as the client knows? The members as reported by a node, checked, with the network's placement
// over them: a ring built of the members, or the owners of partitions that the node told with them.
#pragma once

#include "placement/owner_bytes.h"
#include "placement/placement.h"

#include <p2p/client_values.h>
#include <p2p/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::client {

// Members that a ring may have: as many as a node's table may hold. Bounds what a foreign message makes us keep.
inline constexpr std::size_t kMembersMax = 10'000;

// What has changed since a ring with partitions, as a node told it.
struct RingStep {
  struct Nodes {
    std::vector<NodeAddress> members;
    std::vector<NodeAddress> leaving;
  };
  std::uint64_t epoch = 0;
  std::uint64_t view = 0;
  std::optional<Nodes> nodes;  // if they have changed
  std::string moved;           // RingDelta.moved of idl/locator.thrift
};

// Never changes. [any thread]
class Ring final {
 public:
  // `owners`: RingState.owners of idl/locator.thrift, for a placement by partitions. An error of kind protocol when
  // there are too many members, one is named twice, the fingerprint does not match members and placement (then the node
  // and we do not mean the same by them), or `owners` makes no sense. A placement that we do not know is no error, but
  // such a ring has no owners. Sorts the members by name, unless `owners` means them by their order.
  static Result<std::shared_ptr<const Ring>> of(RingFacts facts, std::string_view owners = {});

  // The ring that the step leads to; an error of kind protocol if it makes no sense. Requires has_partitions().
  Result<std::shared_ptr<const Ring>> after(RingStep step) const;

  const RingFacts& facts() const noexcept { return facts_; }
  bool has_partitions() const noexcept { return table_.has_value(); }
  bool knows_owners() const noexcept { return has_partitions() || (placed_ != nullptr && !facts_.members.empty()); }

  // Who may own something: the members, and behind them, with partitions, those that leave.
  const std::vector<NodeAddress>& nodes() const noexcept { return nodes_; }

  // Index in nodes(). Nothing unless knows_owners(), and where nobody owns the key's partition.
  std::optional<std::size_t> owner_of(std::string_view key) const;

 private:
  Ring(RingFacts facts, std::unique_ptr<const placement::Ring> placed);
  Ring(RingFacts facts, std::vector<NodeAddress> nodes, const placement::Owners& owners);

  const RingFacts facts_;
  const std::vector<NodeAddress> nodes_;
  const std::unique_ptr<const placement::Ring> placed_;
  const std::optional<const placement::PartitionTable> table_;
};

}  // namespace p2p::client
