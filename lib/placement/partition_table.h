// Who owns each partition at one epoch? Immutable, and compact enough for the processor's cache: a key's owner costs
// its hash and one look. Owners are indexes into a list of members that whoever makes the table keeps beside it.
#pragma once

#include "placement/partition_of.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::placement {

using MemberIndex = std::uint16_t;
inline constexpr MemberIndex kNobody = 0xffff;

// As the cluster map allows; a table from another node is refused beyond it.
inline constexpr std::uint32_t kPartitionsMax = 65'536;

// The owners of partition after partition, to make a table of.
class OwnerLists final {
 public:
  explicit OwnerLists(std::uint32_t partitions);
  // Of the next partition, the primary first; empty: nobody owns it.
  void append(std::span<const MemberIndex> owners);

 private:
  friend class PartitionTable;
  std::vector<MemberIndex> primaries_;
  std::vector<MemberIndex> owners_;
  std::vector<std::uint32_t> begins_;  // of each partition in owners_, and the end
};

// Every method: [any thread].
class PartitionTable final {
 public:
  // The number of lists is a power of two, at most kPartitionsMax.
  PartitionTable(std::uint64_t epoch, OwnerLists lists);

  std::uint64_t epoch() const noexcept { return epoch_; }
  std::uint32_t partitions() const noexcept { return static_cast<std::uint32_t>(lists_.primaries_.size()); }

  // kNobody where a partition has no owner.
  MemberIndex owner_of(std::string_view key) const noexcept { return primary(partition_at_shift(key, shift_)); }
  MemberIndex primary(std::uint32_t partition) const noexcept { return lists_.primaries_[partition]; }

  // The primary first; lives as long as the table.
  std::span<const MemberIndex> owners(std::uint32_t partition) const noexcept;

 private:
  std::uint64_t epoch_;
  int shift_;
  OwnerLists lists_;
};

// How a network whose keys are placed by partitions calls its placement: "partitions:4096".
std::string partitions_name(std::uint32_t partitions);
std::optional<std::uint32_t> partitions_named(std::string_view name);  // nothing: another placement, or no valid number

}  // namespace p2p::placement
