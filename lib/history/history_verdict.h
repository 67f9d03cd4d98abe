// Is a recorded history linearizable? Key by key, each is a register of its own; and in words, where one is not.
#pragma once

#include "history/history_file.h"
#include "history/linearizability.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace p2p::history {

using OperationsByKey = std::map<std::string, std::vector<Operation>>;

struct HistoryVerdict {
  std::size_t operations = 0;
  std::size_t wrong_keys = 0;
  std::size_t undecided_keys = 0;      // the search was given up
  std::vector<std::string> sentences;  // of wrong keys, and of undecided ones; several lines each
};

// At most `sentences_max` keys are put into words; all are counted.
HistoryVerdict judge(const OperationsByKey& history, std::size_t sentences_max, std::size_t places_max = kPlacesMax);

}  // namespace p2p::history
