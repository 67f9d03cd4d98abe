// A plugin with a symbol of the binding STB_GNU_UNIQUE, which keeps a library in its process and which all plugins
// share.
#include <p2p/plugin.h>

template <class T>
struct Shared {
  static inline int counter = 0;
};

namespace {

class Unique final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context&) override {
    ++Shared<Unique*>::counter;
    ++Shared<int>::counter;
    return p2p::Done{};
  }
};

}  // namespace

P2P_PLUGIN(Unique, P2P_NAME(P2P_BAD_NAME) P2P_VERSION("0.1.0") P2P_SUMMARY("has a unique symbol"))
