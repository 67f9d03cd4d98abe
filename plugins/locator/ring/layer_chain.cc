#include "ring/layer_chain.h"

#include "ring/call_gate.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace p2p::ring {

struct LayerChain::Layer {
  int priority = 0;
  std::string name;
  std::shared_ptr<RingLayer> layer;
  CallGate gate;
};

// Lives as long as a layer holds its `next`, and does not hold that layer: the two would keep each other.
class LayerChain::Walk final : public std::enable_shared_from_this<Walk> {
 public:
  Walk(std::vector<std::shared_ptr<Layer>> layers, LayerCall call, std::function<void()> base,
       std::shared_ptr<Strand> strand, Logger& log)
      : layers_(std::move(layers)),
        call_(std::move(call)),
        base_(std::move(base)),
        strand_(std::move(strand)),
        log_(log) {}

  void advance() {
    while (called_ < layers_.size()) {
      const auto layer = std::move(layers_[called_++]);
      awaited_ = called_;
      awaited_name_ = layer->name;
      if (layer->gate.run([&] { call_layer(*layer); })) return;
      // Deregistered since the walk began: the next one takes its turn.
    }
    std::exchange(base_, nullptr)();
  }

 private:
  void call_layer(Layer& layer) {
    const std::size_t number = awaited_;
    if (call_.layer_timeout) watch(number, *call_.layer_timeout);
    bool has_returned = false;
    try {
      invoke(*layer.layer, number, has_returned);
    } catch (const std::exception& failure) {
      log_.error("ring layer '{}' threw: {}; the change goes on without it", layer.name, failure.what());
    } catch (...) {
      log_.error("ring layer '{}' threw something that is no std::exception; the change goes on without it",
                 layer.name);
    }
    if (has_returned_ == &has_returned) has_returned_ = nullptr;
  }

  // GCC and Clang destroy an argument when the whole expression ends: a `next` that runs once `has_returned` is true
  // was not called by the layer but let go.
  void invoke(RingLayer& layer, std::size_t number, bool& has_returned) {
    has_returned_ = &has_returned;
    switch (call_.step) {
      case LayerStep::add:
        (layer.add(call_.location, next(number)), has_returned = true);
        break;
      case LayerStep::remove:
        (layer.remove(call_.location, next(number)), has_returned = true);
        break;
      case LayerStep::cleanup:
        (layer.cleanup(call_.ring_without_self, next(number)), has_returned = true);
        break;
    }
  }

  Next next(std::size_t number) {
    return Next([walk = shared_from_this(), number] { walk->next_called(number); });
  }

  void next_called(std::size_t number) {
    if (!strand_->runs_here()) {
      strand_->post([walk = shared_from_this(), number] { walk->go_on_from(number); });
      return;
    }
    if (number == awaited_ && has_returned_ != nullptr && *has_returned_) {
      log_.warn("ring layer '{}' let go of its next without calling it", awaited_name_);
    }
    go_on_from(number);
  }

  void go_on_from(std::size_t number) {
    if (number != awaited_) return;  // too late: the walk went on when its time was up
    awaited_ = 0;
    has_returned_ = nullptr;
    timer_.reset();
    advance();
  }

  void watch(std::size_t number, Duration limit) {
    std::weak_ptr<Walk> weak = shared_from_this();
    timer_ = strand_->after(limit, [weak, number] {
      // Posted, because going on destroys this very timer.
      if (auto walk = weak.lock()) walk->strand_->post([walk, number] { walk->time_is_up(number); });
    });
  }

  void time_is_up(std::size_t number) {
    if (number != awaited_) return;
    log_.error("ring layer '{}' has not called its next for {}; the change goes on without it", awaited_name_,
               format_duration(*call_.layer_timeout));
    go_on_from(number);
  }

  std::vector<std::shared_ptr<Layer>> layers_;  // those that are not called yet
  const LayerCall call_;
  std::function<void()> base_;
  const std::shared_ptr<Strand> strand_;
  Logger& log_;
  std::size_t called_ = 0;
  std::size_t awaited_ = 0;  // number of the layer whose next the walk waits for, from 1
  std::string awaited_name_;
  bool* has_returned_ = nullptr;  // of the layer's call that is under way
  std::unique_ptr<Timer> timer_;
};

LayerChain::LayerChain(std::shared_ptr<Strand> strand, Logger& log)
    : strand_(std::move(strand)), log_(log), registered_(std::make_shared<Registered>()) {}

Subscription LayerChain::push(int priority, std::string name, std::shared_ptr<RingLayer> layer) {
  auto added = std::make_shared<Layer>();
  added->priority = priority;
  added->name = std::move(name);
  added->layer = std::move(layer);
  {
    const std::lock_guard hold(registered_->mutex);
    auto& layers = registered_->layers;
    const auto behind = std::upper_bound(layers.begin(), layers.end(), priority,
                                         [](int wanted, const auto& other) { return wanted > other->priority; });
    layers.insert(behind, added);
  }
  return Subscription([registered = registered_, added] {
    {
      const std::lock_guard hold(registered->mutex);
      std::erase(registered->layers, added);
    }
    added->gate.close();
  });
}

void LayerChain::run(LayerCall call, std::function<void()> base) {
  std::vector<std::shared_ptr<Layer>> layers;
  {
    const std::lock_guard hold(registered_->mutex);
    layers = registered_->layers;
  }
  std::make_shared<Walk>(std::move(layers), std::move(call), std::move(base), strand_, log_)->advance();
}

}  // namespace p2p::ring
