// Which services learn of each view that a locator publishes? Listeners, after the ring has changed.
#pragma once

#include <p2p/locator.h>
#include <p2p/log.h>
#include <p2p/subscription.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace p2p::ring {

class RingListeners final {
 public:
  // See ILocator::subscribe. [any thread]
  Subscription subscribe(std::string name, std::function<void(const RingChange&)> listener);

  // Calls the listeners registered now, in order of registration. An exception from one goes to `log`. [own strand]
  void tell(const RingChange& change, Logger& log) const;

 private:
  struct Listener;
  struct Registered {
    std::mutex mutex;
    std::vector<std::shared_ptr<Listener>> listeners;
  };

  // Shared with subscriptions, which may outlive this object.
  const std::shared_ptr<Registered> registered_ = std::make_shared<Registered>();
};

}  // namespace p2p::ring
