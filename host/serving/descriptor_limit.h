// How many connections may this process have, by what the system lets it open (ulimit -n)?
#pragma once

#include "serving/admission.h"

#include <p2p/log.h>

namespace p2p::host {

// Raises the process's soft limit as far as it may and needs to, and divides what is left of it; to be called when
// everything else is open. Says in the log when that is less than `clients_wanted`. [control]
AdmissionLimits claim_descriptors(std::uint32_t clients_wanted, Logger& log);

}  // namespace p2p::host
