// Does a store read what other stores say, or refuse it, without harm? One input of a fuzzer: the arguments of a call
// of the service Replicas, or a whole reply.
#pragma once

#include <cstdint>
#include <string_view>

namespace p2p::fuzz {

// What is read, as the first byte of an input says it modulo kReplicaFormsCount.
enum class ReplicaForm : std::uint8_t { said, open, end, delivered, opened, answered };
inline constexpr unsigned kReplicaFormsCount = 6;

enum class ReplicaOutcome : std::uint8_t { refused, read };

// Aborts when what was read is not read alike after it was written again.
ReplicaOutcome try_replica_wire(std::string_view input);

}  // namespace p2p::fuzz
