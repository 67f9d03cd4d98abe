// How many connections may this process have, by what the system lets it open (ulimit -n)?
#pragma once

#include "serving/admission.h"

#include <p2p/log.h>

#include <cstdint>
#include <limits>

namespace p2p::host {

inline constexpr std::uint64_t kAllDescriptors = std::numeric_limits<std::uint64_t>::max();

// Raises the process's soft limit to `wanted`, or as far as it may; what it is then. Never lowers it.
std::uint64_t raise_descriptor_limit(std::uint64_t wanted);

// Raises the process's soft limit as far as it may and needs to, and divides what is left of it; to be called when
// everything else is open. Says in the log when that is less than `clients_wanted`. [control]
AdmissionLimits claim_descriptors(std::uint32_t clients_wanted, Logger& log);

}  // namespace p2p::host
