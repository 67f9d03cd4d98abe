// Do nodes read what members of an agreed cluster say, or refuse it, without harm? One input of a fuzzer: the arguments
// of a call of the service Cluster, a whole reply, or what a member has saved.
#pragma once

#include <cstdint>
#include <string_view>

namespace p2p::fuzz {

// What is read, as the first byte of an input says it modulo kClusterFormsCount. Up to `watch`, and of `report`,
// the arguments of the method, as they follow the head of a message.
enum class ClusterForm : std::uint8_t {
  renew,
  prepare,
  accept,
  announce,
  fetch_map,
  suggest,
  begin_hand_over,
  join,
  watch,
  reply,
  saved,
  report,
  unheard,  // a call again; new forms come last, for the corpus
  adopt,    // likewise
};
inline constexpr unsigned kClusterFormsCount = 14;

enum class ClusterOutcome : std::uint8_t { refused, read };

// Aborts when a map that was read is not sound, or when what was read is not read alike after it was written again.
ClusterOutcome try_cluster_wire(std::string_view input);

}  // namespace p2p::fuzz
