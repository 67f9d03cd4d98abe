// How are the owners of partitions told to clients? The fields RingState.owners and RingDelta.moved of
// idl/locator.thrift: written by nodes, read by the C++ client. An owner is an index into the members and, counted on,
// the leaving nodes that are told with it.
#pragma once

#include "placement/partition_table.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace p2p::placement {

using Owners = std::vector<MemberIndex>;  // by partition; kNobody: none

std::string bytes_of_owners(const Owners& owners);

// Two bytes for each partition, and no index from `nodes` on but kNobody; otherwise nothing.
std::optional<Owners> owners_in(std::string_view bytes, std::uint32_t partitions, std::size_t nodes);

void append_move(std::string& bytes, std::uint32_t partition, MemberIndex owner);

// False if the bytes are no moves of these partitions to those nodes; some are then applied.
[[nodiscard]] bool apply_moves(std::string_view bytes, std::size_t nodes, Owners& owners);

// For each index into `before`, that of the same node in `after`; kNobody: it is not there. Each node is in a list
// once.
template <class Node>
std::vector<MemberIndex> indexes_after(const std::vector<Node>& before, const std::vector<Node>& after) {
  std::unordered_map<Node, MemberIndex> found;
  for (std::size_t at = 0; at < after.size(); ++at) found.emplace(after[at], static_cast<MemberIndex>(at));
  std::vector<MemberIndex> indexes;
  indexes.reserve(before.size());
  for (const Node& node : before) {
    const auto there = found.find(node);
    indexes.push_back(there == found.end() ? kNobody : there->second);
  }
  return indexes;
}

}  // namespace p2p::placement
