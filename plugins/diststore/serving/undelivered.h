// Which value of a key is still on its way to its owner, a node of the 2009 system? Such a node says "" until it has
// been given the key, and takes whatever is put to it last. The nodes of ours that held its keys before it joined know.
#pragma once

#include "serving/store.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace p2p::diststore {

// `done` once, on an I/O thread or within this call: with the value that `owner` will be given, or with none, if nobody
// holds one. Fails as cancelled when that is not known yet, before `deadline`. [any thread]
void find_undelivered(const std::shared_ptr<Store>& store, const Location& owner, const std::string& key,
                      TimePoint deadline, std::function<void(Result<std::optional<std::string>>)> done);

}  // namespace p2p::diststore
