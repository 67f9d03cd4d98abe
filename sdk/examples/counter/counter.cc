// A plain service that keeps numbers in memory, written for one node. counter.toml makes it one service of many nodes:
// the host finds a call's key in the message and passes it to the node that owns the key.
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Counter.h>  // generated from counter.thrift

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace {

// Beyond the ends of the range it goes on at the other: what clients send may be any number.
std::int64_t sum(std::int64_t one, std::int64_t other) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(one) + static_cast<std::uint64_t>(other));
}

class Handler final : public p2p::BaseHandler, public counter::CounterIf {
 public:
  Handler(p2p::Context& context, const p2p::ServiceSpec& spec)
      : BaseHandler(context, spec),
        increments_(context.metrics().counter({"increments_total", "Increments of all counters."})) {}

  std::int64_t increment(const std::string& name, const std::int64_t by) override {
    increments_->add();
    const std::lock_guard hold(mutex_);
    total_ = sum(total_, by);
    auto& count = counts_[name];
    return count = sum(count, by);
  }
  std::int64_t value(const std::string& name) override {
    const std::lock_guard hold(mutex_);
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
  }
  void bump(const std::string& name) override { increment(name, 1); }
  std::int64_t order(const counter::Order& order) override {
    return increment("orders of " + std::to_string(order.customer), 1);
  }
  void where(std::string& answer, const std::string&) override { answer = context().node().self.name(); }
  std::int64_t total() override {
    const std::lock_guard hold(mutex_);
    return total_;
  }
  void clear() override {
    const std::lock_guard hold(mutex_);
    counts_.clear();
    total_ = 0;
  }

 private:
  const std::shared_ptr<p2p::Counter> increments_;  // at /metrics, and in `p2pctl status`
  std::mutex mutex_;
  std::map<std::string, std::int64_t> counts_;
  std::int64_t total_ = 0;
};

class CounterPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    p2p::ServiceSpec spec;
    spec.idl = "counter.Counter";
    spec.extends = {"locator.Base"};
    spec.dispatch =
        p2p::Dispatch::io;  // no handler blocks or takes long: each runs at once, on the thread that has read the call
    auto handler = std::make_shared<Handler>(context, spec);
    return p2p::serve_processor(context, spec, std::make_shared<counter::CounterProcessor>(handler));
  }
};

}  // namespace

P2P_PLUGIN(CounterPlugin,
           P2P_NAME("counter") P2P_VERSION("0.1.0") P2P_SUMMARY("counts by name") P2P_SERVES("counter.Counter"))
