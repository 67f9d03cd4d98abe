// Has this node consented to hand a primary over (H1)? The locator asks on its strand, the store decides on another:
// here is the one point where it is decided. A request that is given up is consented to by nobody, and the other way
// round.
#pragma once

#include "engine/function_ref.h"
#include "engine/partition.h"
#include "replication/write_version.h"

#include <map>
#include <mutex>
#include <utility>

namespace p2p::diststore::agreed {

// Every method: [any thread].
class Consents final {
 public:
  // --- the locator ---
  void request(Partition partition, replication::Epoch term) {
    const std::scoped_lock lock(mutex_);
    requests_[partition] = {.term = term};
  }
  bool has_consented(Partition partition, replication::Epoch term) const {
    const std::scoped_lock lock(mutex_);
    const auto found = requests_.find(partition);
    return found != requests_.end() && found->second.term == term && found->second.is_consented;
  }
  // False: it was consented to meanwhile.
  bool give_up(Partition partition, replication::Epoch term) {
    const std::scoped_lock lock(mutex_);
    const auto found = requests_.find(partition);
    if (found == requests_.end() || found->second.term != term) return true;
    if (found->second.is_consented) return false;
    requests_.erase(found);
    return true;
  }

  // --- the store ---
  // `try_consent` is called for each request that stands; where it is true, this node has consented. It must be short.
  void decide(FunctionRef<bool(Partition partition, replication::Epoch term)> try_consent) {
    const std::scoped_lock lock(mutex_);
    for (auto& [partition, request] : requests_)
      request.is_consented = request.is_consented || try_consent(partition, request.term);
  }
  bool has_open() const {
    const std::scoped_lock lock(mutex_);
    for (const auto& [partition, request] : requests_)
      if (!request.is_consented) return true;
    return false;
  }
  // In another term it means nothing.
  void forget_before(Partition partition, replication::Epoch term) {
    const std::scoped_lock lock(mutex_);
    const auto found = requests_.find(partition);
    if (found != requests_.end() && found->second.term < term) requests_.erase(found);
  }
  void clear() {
    const std::scoped_lock lock(mutex_);
    requests_.clear();
  }

 private:
  struct Request {
    replication::Epoch term = 0;
    bool is_consented = false;
  };

  mutable std::mutex mutex_;
  std::map<Partition, Request> requests_;  // one for each partition at most
};

}  // namespace p2p::diststore::agreed
