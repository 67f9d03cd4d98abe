#include "placement/partition_table.h"

#include <p2p/assert.h>

#include <charconv>
#include <utility>

namespace p2p::placement {
namespace {

constexpr std::string_view kPartitionsPrefix = "partitions:";

}  // namespace

std::uint64_t rendezvous_weight(std::uint32_t partition, std::uint64_t id_high, std::uint64_t id_low) noexcept {
  const std::uint64_t id[] = {id_high, id_low};  // little-endian machines only, as all that this is built for
  return XXH3_64bits_withSeed(id, sizeof id, partition);
}

OwnerLists::OwnerLists(std::uint32_t partitions) : begins_{0} {
  primaries_.reserve(partitions);
  begins_.reserve(std::size_t{partitions} + 1);
}

void OwnerLists::append(std::span<const MemberIndex> owners) {
  primaries_.push_back(owners.empty() ? kNobody : owners.front());
  owners_.insert(owners_.end(), owners.begin(), owners.end());
  begins_.push_back(static_cast<std::uint32_t>(owners_.size()));
}

PartitionTable::PartitionTable(std::uint64_t epoch, OwnerLists lists)
    : epoch_(epoch),
      shift_(partition_shift(static_cast<std::uint32_t>(lists.primaries_.size()))),
      lists_(std::move(lists)) {
  P2P_ASSERT(std::has_single_bit(lists_.primaries_.size()) && lists_.primaries_.size() <= kPartitionsMax,
             "the number of partitions is a power of two within the limit");
}

std::span<const MemberIndex> PartitionTable::owners(std::uint32_t partition) const noexcept {
  const std::uint32_t begin = lists_.begins_[partition];
  return std::span(lists_.owners_).subspan(begin, lists_.begins_[partition + 1] - begin);
}

std::string partitions_name(std::uint32_t partitions) {
  return std::string(kPartitionsPrefix) + std::to_string(partitions);
}

std::optional<std::uint32_t> partitions_named(std::string_view name) {
  if (!name.starts_with(kPartitionsPrefix)) return std::nullopt;
  name.remove_prefix(kPartitionsPrefix.size());
  std::uint32_t partitions = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), partitions);
  const bool is_number = failure == std::errc{} && end == name.data() + name.size();
  if (!is_number || !std::has_single_bit(partitions) || partitions > kPartitionsMax) return std::nullopt;
  return partitions;
}

}  // namespace p2p::placement
