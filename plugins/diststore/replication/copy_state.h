// What does a node know of a partition that it holds, beside the values? With a durable engine this is on disk with
// them: each sync has the states as they were when it was asked for.
#pragma once

#include "replication/operations.h"
#include "replication/uncommitted_list.h"

#include <string>
#include <vector>

namespace p2p::diststore::replication {

struct CopyState {
  Epoch term = 0;   // of the last sync that it took, or in which it is primary
  Epoch born = 0;   // of the history that its content belongs to (M2); 0: it has none
  Epoch since = 0;  // of the assignment as learner in which it was begun to be filled; 0: in sync
  Seq position = 0;
  Seq commit = 0;  // the highest commit index that it has heard
  // Until then it had everything, when what it lacks began to be sent. Kept until a fill is complete (I7).
  Seq base = 0;
  bool is_complete = false;
  bool is_filling = false;  // a backfill has begun: what is there is worth nothing without its end (I7)
  UncommittedList uncommitted = {};
  // Keys whose state here is perhaps no part of the history: until the primary's comes (I6). Sorted.
  std::vector<std::string> suspects = {};
  std::vector<std::string> tombstones = {};  // keys that a learner remembers as erased (I8)
  KnownOperations operations = {};           // their names are in the process alone

  bool has_suspects() const noexcept { return !suspects.empty(); }
  bool is_suspect(std::string_view key) const noexcept;
  void suspect(std::string_view key);
  void clear_suspect(std::string_view key);
};

}  // namespace p2p::diststore::replication
