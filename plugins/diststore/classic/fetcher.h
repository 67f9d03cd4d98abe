// What do other nodes hold of a key that has become ours and has not arrived yet? Reads follow the move: every node
// that may hold it is asked (H9), and so are those from which these await it themselves (H10). The newest version wins;
// the next write here gets a later one.
#pragma once

#include "classic/classic_store.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace p2p::diststore {

// Nodes that are asked for one key. More may hold it only if that many join or leave within one hand-over, or in a
// large ring with a node of the 2009 system that hands over; then the call waits for the hand-over instead.
inline constexpr std::size_t kAskedMax = 64;

// `done`: true when all of `keys` are confirmed here in the current view version. False: some are not yet, or the view
// version has ended; the caller may retry later. Runs exactly once, before `deadline`, on an I/O thread or within this
// call. [any thread]
void confirm(const std::shared_ptr<ClassicStore>& store, std::vector<std::string> keys, TimePoint deadline,
             std::function<void(bool)> done);

}  // namespace p2p::diststore
