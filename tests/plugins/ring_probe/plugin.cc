// Does a service that knows only the SDK see every change of the ring exactly once? Its handler is a synchronous
// LocatorHandler, as a newcomer would write it.
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Probe.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

// A layer that only watches may be anywhere in the chain.
constexpr int kLayerPriority = 10;

class ProbeHandler final : public p2p::LocatorHandler, public probe::ProbeIf {
 public:
  using LocatorHandler::add;
  using LocatorHandler::LocatorHandler;
  using LocatorHandler::remove;

  void add(const p2p::NodeAddress& joined, p2p::Next next) override {
    note("add " + joined.name());
    next();
  }

  void remove(const p2p::NodeAddress& left, p2p::Next next) override {
    note("remove " + left.name());
    next();
  }

  // A leaving node cannot be asked any more, so this goes to the log.
  void cleanup(std::shared_ptr<const p2p::RingView> ring_without_self, p2p::Next next) override {
    context().log().info("cleanup seen, {} members remain", ring_without_self->members().size());
    next();
  }

  void seen(std::vector<std::string>& answer) override {
    const std::lock_guard hold(mutex_);
    answer = seen_;
  }

 private:
  void note(std::string change) {
    const std::lock_guard hold(mutex_);
    seen_.push_back(std::move(change));
  }

  std::mutex mutex_;  // layers run on the locator's strand, seen() on pool threads
  std::vector<std::string> seen_;
};

class RingProbe final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    p2p::ServiceSpec spec;
    spec.idl = "probe.Probe";
    spec.extends = {"locator.Base", "locator.Locator"};
    auto locator = context.require<p2p::ILocator>();
    auto handler = std::make_shared<ProbeHandler>(context, spec, locator);
    layer_ = locator->push_layer(kLayerPriority, context.service_name(), handler);
    return p2p::serve_processor(context, spec, std::make_shared<probe::ProbeProcessor>(handler));
  }

  void stop() override { layer_.reset(); }

 private:
  p2p::Subscription layer_;
};

}  // namespace

P2P_PLUGIN(RingProbe,
           P2P_NAME("ring_probe") P2P_VERSION("0.1.0") P2P_SUMMARY("remembers each join and leave that it sees")
               P2P_REQUIRES("p2p.locator.ILocator/3") P2P_SERVES("probe.Probe"))
