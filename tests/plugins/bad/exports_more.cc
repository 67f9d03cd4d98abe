// A plugin that shows more than its entry to whoever is loaded after it.
#include <p2p/plugin.h>

extern "C" __attribute__((visibility("default"))) int surplus_symbol() { return 42; }

namespace {

class Open final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context&) override { return p2p::Done{}; }
};

}  // namespace

P2P_PLUGIN(Open, P2P_NAME(P2P_BAD_NAME) P2P_VERSION("0.1.0") P2P_SUMMARY("exports more than its entry"))
