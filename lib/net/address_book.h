// Which addresses did a name last resolve to? When the name server fails, a node still reaches the nodes it knows.
#pragma once

#include "net/asio.h"

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace p2p::net {

// Of one name; more are neither tried nor remembered.
inline constexpr std::size_t kAddressesMax = 8;

// Names that are remembered; beyond it all are forgotten. As many as a table of members has room for.
inline constexpr std::size_t kNamesMax = 4'096;

// Every method: [any thread].
class AddressBook final {
 public:
  using Addresses = std::vector<asio::ip::address>;

  void keep(const std::string& name, Addresses addresses) {
    const std::lock_guard hold(mutex_);
    if (addresses.size() > kAddressesMax) addresses.resize(kAddressesMax);
    if (known_.size() >= kNamesMax && !known_.contains(name)) known_.clear();
    known_[name] = std::move(addresses);
  }

  // Empty when it was never resolved.
  Addresses last(const std::string& name) const {
    const std::lock_guard hold(mutex_);
    const auto found = known_.find(name);
    return found == known_.end() ? Addresses{} : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Addresses> known_;
};

}  // namespace p2p::net
