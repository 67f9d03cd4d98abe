// A plugin that claims to require an interface, and starts without asking for it.
#include <p2p/locator.h>
#include <p2p/plugin.h>

namespace {

class Idle final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context&) override { return p2p::Done{}; }
};

}  // namespace

P2P_PLUGIN(Idle, P2P_NAME("requires_idly") P2P_VERSION("0.1.0") P2P_SUMMARY("requires what it does not use")
                     P2P_REQUIRES("p2p.locator.ILocator/3"))
