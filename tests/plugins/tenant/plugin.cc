// Does the harness see what a plugin does wrong? This one does it when its configuration says so, and serves a few
// words.
#include "planted.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Tenant.h>

#include <fcntl.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tenant {
namespace {

constexpr int kLayerPriority = 10;

class TenantHandler final : public p2p::LocatorHandler, public TenantIf {
 public:
  TenantHandler(p2p::Context& context, p2p::ServiceSpec spec, std::shared_ptr<p2p::ILocator> locator, bool keeps_next)
      : LocatorHandler(context, std::move(spec), std::move(locator)), keeps_next_(keeps_next) {}
  using LocatorHandler::add;
  using LocatorHandler::remove;

  void add(const p2p::NodeAddress& joined, p2p::Next next) override {
    note("add " + joined.name());
    if (keeps_next_) {
      planted().next = std::move(next);
    } else {
      next();
    }
  }
  void remove(const p2p::NodeAddress& left, p2p::Next next) override {
    note("remove " + left.name());
    next();
  }
  void cleanup(std::shared_ptr<const p2p::RingView> ring_without_self, p2p::Next next) override {
    context().log().info("cleanup seen, {} members remain", ring_without_self->members().size());
    next();
  }

  void note(std::string change) {
    const std::lock_guard hold(mutex_);
    seen_.push_back(std::move(change));
  }

  void greet(std::string& answer, const std::string& name) override { answer = "hello " + name; }
  void seen(std::vector<std::string>& answer) override {
    const std::lock_guard hold(mutex_);
    answer = seen_;
  }

 private:
  const bool keeps_next_;
  std::mutex mutex_;  // layers run on the locator's strand, calls on pool threads
  std::vector<std::string> seen_;
};

class TenantPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> configure(const p2p::Config& config) override {
    fails_in_ = config.text("fails_in");
    hangs_in_ = config.text("hangs_in");
    leaves_ = config.text("leaves");
    if (fails_in_ == "configure") return config.wrong("fails_in", "is told to fail");
    return p2p::Done{};
  }

  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    if (fails_in_ == "start") throw std::runtime_error("no room for this tenant");
    if (hangs_in_ == "start") planted().wait_for_release();
    plant(context);
    p2p::ServiceSpec spec;
    spec.idl = "tenant.Tenant";
    spec.extends = {"locator.Base", "locator.Locator"};
    auto locator = context.require<p2p::ILocator>();
    auto handler = std::make_shared<TenantHandler>(context, spec, locator, hangs_in_ == "add");
    layer_ = locator->push_layer(kLayerPriority, context.service_name(), handler);
    views_ = locator->subscribe(context.service_name(), [handler](const p2p::RingChange& change) {
      handler->note("told " + std::to_string(change.view->members().size()));
    });
    context.log().info("tenant moves in at {}", context.node().self.name());
    return p2p::serve_processor(context, spec, std::make_shared<TenantProcessor>(handler));
  }

  void ready(p2p::Completion done) override {
    if (hangs_in_ == "ready") {
      kept_ = std::move(done);
    } else {
      done();
    }
  }

  void stop() override {
    layer_.reset();
    views_.reset();
    kept_ = p2p::Completion();
  }

 private:
  void plant(p2p::Context& context) {
    if (leaves_ == "thread") planted().thread = std::thread([] { planted().wait_for_release(); });
    if (leaves_ == "descriptor") planted().descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (leaves_ == "strand") planted().strand = context.strand("errands");
    if (leaves_ == "reference") planted().reference = context.require<p2p::ILocator>();
  }

  std::string fails_in_;
  std::string hangs_in_;
  std::string leaves_;
  p2p::Subscription layer_;
  p2p::Subscription views_;
  p2p::Completion kept_;
};

}  // namespace
}  // namespace tenant

// The pieces of the descriptor stand side by side, which a formatter takes for one call within another.
// clang-format off
P2P_PLUGIN(tenant::TenantPlugin,
           P2P_NAME("tenant")
           P2P_VERSION("0.1.0")
           P2P_SUMMARY("greets, and misbehaves as it is told")
           P2P_REQUIRES("p2p.locator.ILocator/3")
           P2P_SERVES("tenant.Tenant")
           P2P_OPTION("fails_in", "choice", "nothing", "nothing|configure|start", "the step that ends with an error")
           P2P_OPTION("hangs_in", "choice", "nothing", "nothing|start|ready|add", "the step that does not end")
           P2P_OPTION("leaves", "choice", "nothing", "nothing|thread|descriptor|reference|strand", "what stays behind"))
// clang-format on
