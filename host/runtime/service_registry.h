// Which service offers which interface? Typed services by versioned id, for one node.
#pragma once

#include <p2p/result.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace p2p::host {

class ServiceRegistry final {
 public:
  // Who provides an interface. Two runs of one service have the same name, and the earlier may end after the later
  // began.
  using Owner = const void*;

  // Refused, naming both, when another service offers `id` already. [control]
  Result<Done> provide(const std::string& id, const std::string& provider, Owner owner, std::shared_ptr<void> service);
  std::shared_ptr<void> find(const std::string& id) const;  // null: nobody offers it [any thread]
  std::string provider_of(const std::string& id) const;     // "": nobody [any thread]
  void withdraw_all(Owner owner);                           // [any thread]

 private:
  struct Offer {
    std::string provider;
    Owner owner;
    std::shared_ptr<void> service;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Offer> offers_;
};

}  // namespace p2p::host
