// Serves the newer struct. The SDK's headers, which know the older one, are included here only.
#include "zoned_service.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>

namespace {

class ZonedPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    p2p::ServiceSpec spec;
    spec.idl = "zoned.Zoned";
    return p2p::serve_processor(context, spec, skew::make_zoned_processor());
  }
};

}  // namespace

P2P_PLUGIN(ZonedPlugin, P2P_NAME(P2P_SKEW_NAME) P2P_VERSION("0.1.0") P2P_SUMMARY("knows a newer Location than the host")
                            P2P_SERVES("zoned.Zoned"))
