// What would this machine deny a node with this configuration? Checked without side effects: nothing is made, opened
// for writing or listened on. What may change before the start, such as a taken port, is left to the start.
#pragma once

#include "config/host_config.h"
#include "config/problems.h"

#include <string>
#include <vector>

namespace p2p::host {

struct StartFault {
  std::vector<std::string> key;  // the one that the operator could change
  ProblemKind kind = ProblemKind::machine;
  std::string text;
};

std::vector<StartFault> find_start_faults(const HostConfig& config);

}  // namespace p2p::host
