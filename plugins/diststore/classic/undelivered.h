// Which value of a key is still on its way to its owner, a node of the 2009 system? Such a node answers "" until it has
// been given the key, and keeps whatever is put last. The nodes of ours that held its keys before it joined know the
// value.
#pragma once

#include "classic/classic_store.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace p2p::diststore {

// `done` runs once, before `deadline`, on an I/O thread or within this call: with the value that `owner` will be given,
// or none if no node holds one. Fails as cancelled if that is not known yet. [any thread]
void find_undelivered(const std::shared_ptr<ClassicStore>& store, const NodeAddress& owner, const std::string& key,
                      TimePoint deadline, std::function<void(Result<std::optional<std::string>>)> done);

}  // namespace p2p::diststore
