// A plugin whose descriptor promises another interface than it serves.
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <memory>

namespace {

class Other final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    p2p::ServiceSpec spec;
    spec.idl = "locator.Base";
    spec.dispatch = p2p::Dispatch::io;
    auto methods = std::make_shared<p2p::Methods>();
    p2p::add_base_methods(*methods, context, spec);
    return context.serve(spec, methods);
  }
};

}  // namespace

P2P_PLUGIN(Other, P2P_NAME("serves_another") P2P_VERSION("0.1.0") P2P_SUMMARY("serves what it does not promise")
                      P2P_SERVES("bad.Promised"))
