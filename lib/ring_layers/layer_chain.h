// In which order do services take part in a ring change? The chain calls each layer once, the highest priority first,
// and the ring's own step last, whatever a layer does with its `next`.
#pragma once

#include <p2p/locator.h>
#include <p2p/log.h>
#include <p2p/strand.h>
#include <p2p/subscription.h>

#include <atomic>
#include <cstdint>
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
  NodeAddress address;                                // of add and remove
  std::shared_ptr<const RingView> ring_without_self;  // of cleanup

  // A layer that keeps `next` for longer is skipped, and named in the log. nullopt: the caller imposes a limit.
  std::optional<Duration> layer_timeout;

  // Called with each layer's name when its turn comes. May be empty. [own strand]
  std::function<void(const std::string& layer)> has_turn = nullptr;
};

class LayerChain final {
 public:
  // `log` outlives the strand's work.
  LayerChain(std::shared_ptr<Strand> strand, Logger& log);

  // Stops all walks: a `next` that a layer still keeps does nothing from now on. [any thread]
  ~LayerChain();
  LayerChain(const LayerChain&) = delete;
  LayerChain& operator=(const LayerChain&) = delete;

  // See ILocator::push_layer. [any thread]
  Subscription push(int priority, std::string name, std::shared_ptr<RingLayer> layer);

  // Calls every layer registered now, then `base`, each exactly once: within this call when every layer calls its
  // `next` at once on the strand, otherwise later on the strand. `base` must not throw. [own strand]
  void run(LayerCall call, std::function<void()> base);

 private:
  struct Layer;
  class Walk;

  struct Registered {
    std::atomic<bool> is_over{false};  // the chain is gone, and its strand may be
    std::mutex mutex;
    std::vector<std::shared_ptr<Layer>> layers;  // in calling order
  };

  std::shared_ptr<Strand> strand_;
  Logger& log_;
  std::shared_ptr<Registered> registered_;  // shared with walks and subscriptions, which may outlive the chain
};

}  // namespace p2p::ring
