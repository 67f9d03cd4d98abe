// The smallest sensible plugin: one interface, one option, one line that names it.
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Hello.h>  // generated from hello.thrift

#include <memory>
#include <string>

namespace {

// Answers calls. BaseHandler answers what every service has to; the generated HelloIf is our own interface. Several
// threads call it at once, so what they share needs a lock; here there is nothing to lock.
class Handler final : public p2p::BaseHandler, public hello::HelloIf {
 public:
  Handler(p2p::Context& context, const p2p::ServiceSpec& spec)
      : BaseHandler(context, spec), greeting_(context.config().text("greeting")) {}

  void greet(std::string& answer, const std::string& name) override { answer = greeting_ + ", " + name; }

 private:
  const std::string greeting_;
};

// The host makes one of these for each service that the configuration names, and calls start() once.
class HelloPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    p2p::ServiceSpec spec;
    spec.idl = "hello.Hello";
    spec.extends = {"locator.Base"};
    auto handler = std::make_shared<Handler>(context, spec);
    context.log().info("greeting everybody with '{}'", context.config().text("greeting"));
    return p2p::serve_processor(context, spec, std::make_shared<hello::HelloProcessor>(handler));
  }
};

}  // namespace

// The name is the file's, hello.so. An option: its name, type, default, range, and what it means.
P2P_PLUGIN(HelloPlugin, P2P_NAME("hello") P2P_VERSION("0.1.0") P2P_SUMMARY("says hello") P2P_SERVES("hello.Hello")
                            P2P_OPTION("greeting", "text", "hello", "", "the word before the name"))
