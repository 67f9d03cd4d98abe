// greeter: greets whoever calls.
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Greeter.h>

#include <memory>
#include <string>

namespace {

// Called on threads of the host's pool, several at once: a field that changes needs a mutex.
class GreeterHandler final : public p2p::BaseHandler, public greeter_v1::GreeterIf {
 public:
  GreeterHandler(p2p::Context& context, const p2p::ServiceSpec& spec)
      : BaseHandler(context, spec), greeting_(context.config().text("greeting")) {}

  void greet(std::string& answer, const std::string& name) override { answer = greeting_ + ' ' + name; }

 private:
  const std::string greeting_;
};

class GreeterPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    p2p::ServiceSpec spec;
    spec.idl = "greeter.Greeter";
    spec.extends = {"locator.Base"};
    auto handler = std::make_shared<GreeterHandler>(context, spec);
    return p2p::serve_processor(context, spec, std::make_shared<greeter_v1::GreeterProcessor>(handler));
  }
};

}  // namespace

P2P_PLUGIN(GreeterPlugin,
           P2P_NAME("greeter") P2P_VERSION("0.1.0") P2P_SUMMARY("greets whoever calls") P2P_SERVES("greeter.Greeter")
               P2P_OPTION("greeting", "text", "hello", "", "what is said before the caller's name"))
