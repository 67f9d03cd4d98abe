#include "ring_layers/layer_chain.h"

#include "ring_layers/call_gate.h"

#include <p2p/thread_check.h>

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

// Lives as long as a layer holds its `next`, and does not hold that layer, which would be a reference cycle.
class LayerChain::Walk final : public std::enable_shared_from_this<Walk> {
 public:
  Walk(std::shared_ptr<const Registered> registered, std::vector<std::shared_ptr<Layer>> layers, LayerCall call,
       std::function<void()> base, std::shared_ptr<Strand> strand, Logger& log)
      : registered_(std::move(registered)),
        layers_(std::move(layers)),
        call_(std::move(call)),
        base_(std::move(base)),
        strand_(std::move(strand)),
        log_(log) {}

  void advance() {
    while (called_ < layers_.size()) {
      const auto layer = std::move(layers_[called_++]);
      awaited_ = called_;
      awaited_name_ = layer->name;
      if (call_.has_turn) call_.has_turn(awaited_name_);
      if (layer->gate.run([&] { call_layer(*layer); })) return;
      // Deregistered since the walk began: go on to the next.
    }
    std::exchange(base_, nullptr)();
  }

 private:
  void call_layer(Layer& layer) {
    Turn turn{awaited_};
    if (call_.layer_timeout) watch(turn.number, *call_.layer_timeout);
    Turn* const outer = std::exchange(turn_, &turn);
    const bool has_returned = invoke(layer, turn.number);
    turn_ = outer;
    if (!turn.has_let_go) return;
    if (has_returned) warn_of_let_go();
    go_on_from(turn.number);
  }

  // False when the layer threw. The `next` argument may be destroyed before or after the layer returns, but always
  // before this returns.
  bool invoke(Layer& layer, std::size_t number) {
    try {
      call_step(*layer.layer, number);
      return true;
    } catch (const std::exception& failure) {
      log_.error("ring layer '{}' threw: {}; the change goes on without it", layer.name, failure.what());
    } catch (...) {
      log_.error("ring layer '{}' threw something that is no std::exception; the change goes on without it",
                 layer.name);
    }
    return false;
  }

  void call_step(RingLayer& layer, std::size_t number) {
    switch (call_.step) {
      case LayerStep::add:
        return layer.add(call_.address, next(number));
      case LayerStep::remove:
        return layer.remove(call_.address, next(number));
      case LayerStep::cleanup:
        return layer.cleanup(call_.ring_without_self, next(number));
    }
  }

  Next next(std::size_t number) {
    return Next([walk = shared_from_this(), number] { walk->on_strand(&Walk::go_on_from, number); },
                [walk = shared_from_this(), number] { walk->on_strand(&Walk::let_go, number); });
  }

  void on_strand(void (Walk::*work)(std::size_t), std::size_t number) {
    if (registered_->is_over.load()) return;
    if (strand_->is_current()) return (this->*work)(number);
    strand_->post([walk = shared_from_this(), work, number] { (walk.get()->*work)(number); });
  }

  // The chain does not continue within a layer that has not called its `next`: later layers would see it half done.
  void let_go(std::size_t number) {
    if (turn_ != nullptr && turn_->number == number) {
      turn_->has_let_go = true;
    } else if (number == awaited_) {
      warn_of_let_go();
      go_on_from(number);
    }
  }

  void warn_of_let_go() { log_.warn("ring layer '{}' let go of its next without calling it", awaited_name_); }

  void go_on_from(std::size_t number) {
    if (number != awaited_) return;  // too late: the walk continued after the timeout
    awaited_ = 0;
    timer_.reset();
    advance();
  }

  void watch(std::size_t number, Duration limit) {
    std::weak_ptr<Walk> weak = shared_from_this();
    timer_ = strand_->after(limit, [weak, number] {
      // Posted, because continuing destroys this timer.
      if (auto walk = weak.lock()) walk->strand_->post([walk, number] { walk->time_is_up(number); });
    });
  }

  void time_is_up(std::size_t number) {
    if (number != awaited_) return;
    log_.error("ring layer '{}' has not called its next for {}; the change goes on without it", awaited_name_,
               format_duration(*call_.layer_timeout));
    go_on_from(number);
  }

  // A layer's call in progress.
  struct Turn {
    std::size_t number = 0;
    bool has_let_go = false;
  };

  const std::shared_ptr<const Registered> registered_;
  std::vector<std::shared_ptr<Layer>> layers_;  // those not called yet
  const LayerCall call_;
  std::function<void()> base_;
  const std::shared_ptr<Strand> strand_;
  Logger& log_;
  std::size_t called_ = 0;
  std::size_t awaited_ = 0;  // number, from 1, of the layer whose `next` the walk waits for
  std::string awaited_name_;
  Turn* turn_ = nullptr;  // the innermost: a layer that calls its `next` at once returns after the later ones
  std::unique_ptr<Timer> timer_;
};

LayerChain::LayerChain(std::shared_ptr<Strand> strand, Logger& log)
    : strand_(std::move(strand)), log_(log), registered_(std::make_shared<Registered>()) {}

LayerChain::~LayerChain() { registered_->is_over.store(true); }

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
  P2P_ASSERT_THREAD(strand_->is_current());
  std::vector<std::shared_ptr<Layer>> layers;
  {
    const std::lock_guard hold(registered_->mutex);
    layers = registered_->layers;
  }
  std::make_shared<Walk>(registered_, std::move(layers), std::move(call), std::move(base), strand_, log_)->advance();
}

}  // namespace p2p::ring
