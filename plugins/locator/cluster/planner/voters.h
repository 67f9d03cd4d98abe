// Who should vote? (A6)
#pragma once

#include "cluster/map/change.h"
#include "cluster/planner/ages.h"
#include "cluster/planner/policy.h"

#include <p2p/units.h>

#include <optional>

namespace p2p::cluster {

// How many voters that many members have: 1, 3 or 5.
std::size_t voters_wanted(std::size_t members);

// The voters that there should be, if others than there are. They are spread over zones as evenly as can be; those that
// vote already are kept where they can be; one that is leaving, or is down for longer than replace_voter_after, is
// replaced when a member that is up is there, and kept while there is none. Leaving members are not counted.
std::optional<SetVoters> change_of_voters(const ClusterMap& map, const Ages& ages, TimePoint now, const Policy& policy);

}  // namespace p2p::cluster
