// Which connections are admitted when descriptors are few? Clients up to a limit; nodes beyond it, from a reserve; a
// connection that may be a node's is on trial there until it has identified itself. Pure rules: the server counts.
#pragma once

#include <algorithm>
#include <cstdint>

namespace p2p::host {

struct AdmissionLimits {
  std::uint32_t clients_max = 0;
  std::uint32_t reserve = 0;  // for connections from other nodes; beyond it they take clients' places
  std::uint32_t trials_max = 1;
};

struct AdmissionCounts {
  std::int64_t open = 0;  // all connections
  std::int64_t on_trial = 0;
  std::int64_t peers = 0;
};

enum class Admitted : std::uint8_t { as_client, on_trial, not_yet };

inline Admitted admit(const AdmissionCounts& counts, const AdmissionLimits& limits) {
  const std::int64_t in_reserve = std::min<std::int64_t>(counts.peers, limits.reserve);
  if (counts.open - counts.on_trial - in_reserve < limits.clients_max) return Admitted::as_client;
  // A connection that is not admitted yet waits in the listener's queue: closing it would tell a node that this one is
  // gone.
  const bool may_be_a_node = counts.peers < std::int64_t{limits.reserve} + limits.clients_max;
  return may_be_a_node && counts.on_trial < limits.trials_max ? Admitted::on_trial : Admitted::not_yet;
}

// --- what the process may open ---------------------------------------------------------------------------------------

// For the admin socket, files and the resolver: an eighth of the limit, within these bounds.
inline constexpr std::uint64_t kOwnDescriptorsLeast = 6;
inline constexpr std::uint64_t kOwnDescriptorsMost = 64;
// For connections with nodes, half of them outgoing: a quarter of the rest, within these bounds, which suit three nodes
// and a thousand nodes with two loops each.
inline constexpr std::uint64_t kPeerDescriptorsLeast = 8;
inline constexpr std::uint64_t kPeerDescriptorsMost = 4096;
// For connections on trial: an eighth of the rest, within these bounds.
inline constexpr std::uint64_t kTrialDescriptorsLeast = 3;
inline constexpr std::uint64_t kTrialDescriptorsMost = 256;

// What a limit of `descriptors` leaves for connections when `in_use` are open, and clients want `clients_wanted`.
inline AdmissionLimits limits_within(std::uint64_t descriptors, std::uint64_t in_use, std::uint32_t clients_wanted) {
  const std::uint64_t left = descriptors > in_use ? descriptors - in_use : 0;
  const std::uint64_t own = std::min(left, std::clamp(left / 8, kOwnDescriptorsLeast, kOwnDescriptorsMost));
  const std::uint64_t rest = left - own;
  const std::uint64_t peers = std::min(rest, std::clamp(rest / 4, kPeerDescriptorsLeast, kPeerDescriptorsMost));
  const std::uint64_t trials =
      std::min(rest - peers, std::clamp(rest / 8, kTrialDescriptorsLeast, kTrialDescriptorsMost));
  const auto at_least_one = [](std::uint64_t number) {
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(number, 1));
  };
  return {at_least_one(std::min<std::uint64_t>(rest - peers - trials, clients_wanted)), at_least_one(peers / 2),
          at_least_one(trials)};
}

// As many as give every client a place, and nodes the largest reserve.
inline std::uint64_t descriptors_wanted(std::uint64_t in_use, std::uint32_t clients_wanted) {
  return in_use + kOwnDescriptorsMost + kPeerDescriptorsMost + kTrialDescriptorsMost + clients_wanted;
}

}  // namespace p2p::host
