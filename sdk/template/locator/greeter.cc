// greeter: greets whoever calls, knows who owns a key, and sees nodes come and go.
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Greeter.h>

#include <memory>
#include <string>
#include <utility>

namespace {

// Layers with a higher priority run earlier; the ring itself changes last.
constexpr int kLayerPriority = 10;

// Called on threads of the host's pool, several at once: a field that changes needs a mutex.
class GreeterHandler final : public p2p::BaseHandler, public p2p::RingLayer, public greeter_v1::GreeterIf {
 public:
  GreeterHandler(p2p::Context& context, const p2p::ServiceSpec& spec, std::shared_ptr<p2p::ILocator> locator)
      : BaseHandler(context, spec), greeting_(context.config().text("greeting")), locator_(std::move(locator)) {}

  void greet(std::string& answer, const std::string& name) override { answer = greeting_ + ' ' + name; }

  void owner(std::string& answer, const std::string& key) override {
    const p2p::NodeAddress* address = locator_->view().owner_of(key).address;
    answer = address == nullptr ? std::string() : address->name();
  }

  void add(const p2p::NodeAddress& joined, p2p::Next next) override {
    context().log().info("{} joins", joined.name());
    next();
  }

  void remove(const p2p::NodeAddress& left, p2p::Next next) override {
    context().log().info("{} leaves", left.name());
    next();
  }

 private:
  const std::string greeting_;
  const std::shared_ptr<p2p::ILocator> locator_;
};

class GreeterPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    p2p::ServiceSpec spec;
    spec.idl = "greeter.Greeter";
    spec.extends = {"locator.Base"};
    auto locator = context.require<p2p::ILocator>();
    auto handler = std::make_shared<GreeterHandler>(context, spec, locator);
    layer_ = locator->push_layer(kLayerPriority, context.service_name(), handler);
    return p2p::serve_processor(context, spec, std::make_shared<greeter_v1::GreeterProcessor>(handler));
  }

  void stop() override { layer_.reset(); }

 private:
  p2p::Subscription layer_;
};

}  // namespace

P2P_PLUGIN(GreeterPlugin,
           P2P_NAME("greeter") P2P_VERSION("0.1.0") P2P_SUMMARY("greets whoever calls, and knows who owns a key")
               P2P_REQUIRES("p2p.locator.ILocator/3") P2P_SERVES("greeter.Greeter")
                   P2P_OPTION("greeting", "text", "hello", "", "what is said before the caller's name"))
