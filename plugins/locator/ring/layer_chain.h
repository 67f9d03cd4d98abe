// In which order do services take part in a change of the ring? The chain calls each layer once, the highest priority
// first, and the ring's own step last, whatever a layer does with its `next`.
#pragma once

#include <p2p/locator.h>
#include <p2p/log.h>
#include <p2p/strand.h>
#include <p2p/subscription.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ring {

enum class LayerStep : std::uint8_t { add, remove, cleanup };

// One walk along the layers.
struct LayerCall {
  LayerStep step = LayerStep::add;
  Location location;                                  // of add and remove
  std::shared_ptr<const RingView> ring_without_self;  // of cleanup

  // A layer that keeps `next` for longer is passed over, and named in the log. None: the caller sees to a limit.
  std::optional<Duration> layer_timeout;
};

class LayerChain final {
 public:
  // `log` outlives the strand's work.
  LayerChain(std::shared_ptr<Strand> strand, Logger& log);

  // See ILocator::push_layer. [any thread]
  Subscription push(int priority, std::string name, std::shared_ptr<RingLayer> layer);

  // Calls every layer that is registered now and afterwards `base`, exactly once: within this call when every layer
  // calls its `next` at once on the strand, otherwise later on the strand. `base` must not throw. [own strand]
  void run(LayerCall call, std::function<void()> base);

 private:
  struct Layer;
  class Walk;

  struct Registered {
    std::mutex mutex;
    std::vector<std::shared_ptr<Layer>> layers;  // in calling order
  };

  std::shared_ptr<Strand> strand_;
  Logger& log_;
  std::shared_ptr<Registered> registered_;  // shared with subscriptions, which may outlive the chain
};

}  // namespace p2p::ring
