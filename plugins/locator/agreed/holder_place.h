// Which service of this node holds the data of partitions? One at a time: all of them would be told the same copies.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace p2p::agreed {

class HolderPlace final {
 public:
  // It is `service`'s from now on; or whose it is, and nothing has changed. [any thread]
  std::optional<std::string> take(const std::string& service) {
    const std::scoped_lock lock(mutex_);
    if (service_) return service_;
    service_ = service;
    return std::nullopt;
  }
  void leave() {
    const std::scoped_lock lock(mutex_);
    service_.reset();
  }

 private:
  std::mutex mutex_;
  std::optional<std::string> service_;
};

// Whoever has configured both means another thing than can be.
inline std::string both_hold(const std::string& one, const std::string& other) {
  return "[services." + one + "] and [services." + other +
         "] both hold the data of partitions, and one service of a node may: set enabled = false in one of them on "
         "this node";
}

}  // namespace p2p::agreed
