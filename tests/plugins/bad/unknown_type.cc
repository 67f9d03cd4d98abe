// A plugin with an option of a type that is none: it must not compile, and the compiler must say which types there are.
#include <p2p/plugin.h>

namespace {

class Mistyped final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context&) override { return p2p::Done{}; }
};

}  // namespace

P2P_PLUGIN(Mistyped, P2P_NAME("unknown_type") P2P_VERSION("0.1.0") P2P_SUMMARY("has an option of no type")
                         P2P_OPTION("level", "int", "1", "0..9", "of a type that there is")
                             P2P_OPTION("size", "number", "1", "1..9", "of none"))
