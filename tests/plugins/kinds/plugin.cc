// What does a handler that misbehaves cost? One plugin, whose option `kind` says in which of the SDK's kinds it serves
// Kinds.
#include "cob_kinds.h"
#include "notebook.h"
#include "synchronous_kinds.h"
#include "typed_kinds.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Kinds.h>

#include <memory>
#include <string>

namespace {

class KindsPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    p2p::ServiceSpec spec;
    spec.idl = "kinds.Kinds";
    const std::string& kind = context.config().text("kind");
    const auto notebook = std::make_shared<kinds::Notebook>();
    if (kind == "typed") {
      spec.dispatch = p2p::Dispatch::io;
      return context.serve(spec, kinds::typed_kinds(context.pool(), notebook));
    }
    if (kind == "cob") {
      auto handler = std::make_shared<kinds::CobKinds>(context.pool(), notebook);
      return p2p::serve_processor(context, spec, std::make_shared<kinds::KindsAsyncProcessor>(handler));
    }
    if (kind == "inline") spec.dispatch = p2p::Dispatch::io;
    auto handler = std::make_shared<kinds::SynchronousKinds>(notebook);
    return p2p::serve_processor(context, spec, std::make_shared<kinds::KindsProcessor>(handler));
  }
};

}  // namespace

P2P_PLUGIN(KindsPlugin, P2P_NAME("kinds") P2P_VERSION("0.1.0")
                            P2P_SUMMARY("one interface in every kind of handler, with methods that misbehave")
                                P2P_SERVES("kinds.Kinds") P2P_OPTION("kind", "choice", "pool", "pool|inline|cob|typed",
                                                                     "how this service is served"))
