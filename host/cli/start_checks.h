// What would this machine refuse a node that started by this configuration? Looked at without side effects: nothing is
// made, opened for writing or listened on. What may change until the start, as a port that is taken, is left to it.
#pragma once

#include "config/host_config.h"
#include "config/problems.h"

#include <string>
#include <vector>

namespace p2p::host {

struct StartFault {
  std::vector<std::string> key;  // that the operator could change
  ProblemKind kind = ProblemKind::machine;
  std::string text;
};

std::vector<StartFault> find_start_faults(const HostConfig& config);

}  // namespace p2p::host
