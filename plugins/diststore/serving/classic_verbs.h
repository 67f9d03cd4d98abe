// How do our calls work on a key whose owner is a node of the 2009 system? By its get and put, made as safe as they can
// be: a write counts once the node returns what was written.
#pragma once

#include "serving/store.h"

#include <functional>
#include <memory>
#include <string>

namespace p2p::diststore {

// Each runs `done` once, on an I/O thread or within the call. A result carries no version: these nodes have none. While
// another node may still hand the key over to `owner`, all changes but classic_put end as cancelled with nothing done,
// and so do reads of what `owner` does not have yet, unless that other node shows it. [any thread]
void classic_read(const std::shared_ptr<Store>& store, const NodeAddress& owner, const std::string& key,
                  TimePoint deadline, std::function<void(Result<wire::ReadResult>)> done);
// Sent at once, even while a leaver may overwrite it: it may be what the leaver hands over.
void classic_put(const std::shared_ptr<Store>& store, const NodeAddress& owner, const std::string& key,
                 const std::string& value, TimePoint deadline, std::function<void(Result<wire::WriteResult>)> done);
void classic_write(const std::shared_ptr<Store>& store, const NodeAddress& owner, const std::string& key,
                   const std::string& value, TimePoint deadline, std::function<void(Result<wire::WriteResult>)> done);
void classic_erase(const std::shared_ptr<Store>& store, const NodeAddress& owner, const std::string& key,
                   TimePoint deadline, std::function<void(Result<wire::EraseResult>)> done);

}  // namespace p2p::diststore
