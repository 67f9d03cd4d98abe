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
  // Refused, naming both, when another service offers `id` already. [control]
  Result<Done> provide(const std::string& id, const std::string& provider, std::shared_ptr<void> service);
  std::shared_ptr<void> find(const std::string& id) const;  // null: nobody offers it [any thread]
  void withdraw_all(const std::string& provider);           // [control]

 private:
  struct Offer {
    std::string provider;
    std::shared_ptr<void> service;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Offer> offers_;
};

}  // namespace p2p::host
