// How many connections does the system's limit on open descriptors (ulimit -n) allow this process?
#pragma once

#include "serving/admission.h"

#include <p2p/log.h>

#include <cstdint>
#include <limits>

namespace p2p::host {

inline constexpr std::uint64_t kAllDescriptors = std::numeric_limits<std::uint64_t>::max();

// Raises the process's soft limit to `wanted`, or as far as allowed, and returns the new limit. Never lowers it.
std::uint64_t raise_descriptor_limit(std::uint64_t wanted);

// Raises the process's soft limit as far as needed and allowed, and divides what is left of it. Call it when everything
// else is open. Logs when fewer than `clients_wanted` clients fit. [control]
AdmissionLimits reserve_descriptors(std::uint32_t clients_wanted, Logger& log);

}  // namespace p2p::host
