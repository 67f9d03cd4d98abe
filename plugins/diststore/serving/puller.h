// What do other nodes hold of a key that has become ours and has not arrived yet? Reads follow the move: who may hold
// it is asked, and those from whom these await it themselves. The newest version of all is the key's; what is written
// next here gets a later one.
#pragma once

#include "serving/store.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace p2p::diststore {

// Nodes that are asked for one key. More may hold it only when so many join or leave within one hand-over, or in a
// large ring beside a node of the 2009 system that hands over; then the call waits for the hand-over instead.
inline constexpr std::size_t kAskedMax = 64;

// `done`: true when all of `keys` are settled here in the present era. False: some are not yet, or the era has ended;
// the call may try again later. Runs exactly once, before the `deadline` of who waits for it, on an I/O thread or
// within this call. [any thread]
void settle(const std::shared_ptr<Store>& store, std::vector<std::string> keys, TimePoint deadline,
            std::function<void(bool)> done);

}  // namespace p2p::diststore
