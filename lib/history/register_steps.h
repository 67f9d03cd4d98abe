// What do the operations of one key mean, as steps of a register? Names become numbers, versions find their values, and
// what contradicts itself before any order is looked for is told.
#pragma once

#include "history/history_file.h"
#include "history/linearizability.h"

#include <span>
#include <string>
#include <vector>

namespace p2p::history {

// Two operations that tell different things of one version, or of one value.
struct Disagreement {
  std::size_t one = 0;  // indexes of the operations
  std::size_t other = 0;
  const char* about = "";
};

struct RegisterSteps {
  std::vector<Step> steps;
  std::vector<std::size_t> operation_of;  // of each step: an index
  std::vector<std::string> names;         // of states; that of kAbsent is "nothing"
  std::vector<Disagreement> disagreements;
};

// `operations` are all of one key.
RegisterSteps steps_of(std::span<const Operation> operations);

}  // namespace p2p::history
