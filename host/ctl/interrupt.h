// Has somebody asked a long verb to end?
#pragma once

#include <atomic>

namespace p2p::ctl {

// From now on the first SIGINT, SIGTERM or SIGHUP sets the flag, which the caller looks at: what there is so far can be
// shown. A second one ends p2pctl.
const std::atomic<bool>& watch_for_interrupts();

}  // namespace p2p::ctl
