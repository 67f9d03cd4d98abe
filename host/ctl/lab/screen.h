// The lab by hand: a table of the nodes, and one key for each thing that can be done to them. On a terminal.
#pragma once

#include "ctl/lab/lab.h"

#include <atomic>

namespace p2p::ctl::lab {

// Until q, an interrupt, or a problem. Leaves the terminal as it was.
void play(Lab& lab, bool has_cuts, const std::atomic<bool>& is_interrupted);

}  // namespace p2p::ctl::lab
