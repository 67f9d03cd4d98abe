#include "ring_layers/ring_listeners.h"

#include "ring_layers/call_gate.h"

#include <exception>
#include <utility>

namespace p2p::ring {

struct RingListeners::Listener {
  std::string name;
  std::function<void(const RingChange&)> told;
  CallGate gate;
};

Subscription RingListeners::subscribe(std::string name, std::function<void(const RingChange&)> listener) {
  auto added = std::make_shared<Listener>();
  added->name = std::move(name);
  added->told = std::move(listener);
  {
    const std::lock_guard hold(registered_->mutex);
    registered_->listeners.push_back(added);
  }
  return Subscription([registered = registered_, added] {
    {
      const std::lock_guard hold(registered->mutex);
      std::erase(registered->listeners, added);
    }
    added->gate.close();
  });
}

void RingListeners::tell(const RingChange& change, Logger& log) const {
  std::vector<std::shared_ptr<Listener>> listeners;
  {
    const std::lock_guard hold(registered_->mutex);
    listeners = registered_->listeners;
  }
  for (const auto& listener : listeners) {
    listener->gate.run([&] {
      try {
        listener->told(change);
      } catch (const std::exception& failure) {
        log.error("listener '{}' of ring changes threw: {}", listener->name, failure.what());
      } catch (...) {
        log.error("listener '{}' of ring changes threw something that is no std::exception", listener->name);
      }
    });
  }
}

}  // namespace p2p::ring
