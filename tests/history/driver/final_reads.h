// What lies in the store in the end, as each node tells it?
#pragma once

#include "driver/node_list.h"
#include "driver/notes.h"
#include "driver/settings.h"
#include "history/history.h"

#include <string>
#include <vector>

namespace p2p::history {

struct FinalState {
  std::vector<Call> reads;
  std::vector<std::string> unanswered;  // a sentence for each node and range of keys that could not be read
};

// Reads all keys through each of the nodes, in batches, one node after the other.
FinalState read_final_state(const Settings& settings, const std::vector<ListedNode>& through, Notes& notes);

}  // namespace p2p::history
