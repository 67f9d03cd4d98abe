// Throws on request.
#include "trouble.h"

#include <p2p/plugin.h>

#include <thrift/TApplicationException.h>

#include <troubles_types.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

class Maker final : public troubles::INewerTrouble {
 public:
  [[noreturn]] void make(const std::string& kind, const std::string& text) override {
    if (kind == "sdk") throw p2p::Error{p2p::ErrorKind::overloaded, text};
    if (kind == "thrift") {
      throw apache::thrift::TApplicationException(apache::thrift::TApplicationException::PROTOCOL_ERROR, text);
    }
    if (kind == "standard") throw std::out_of_range(text);
    if (kind == "number") throw 42;
    troubles::Trouble trouble;
    trouble.text = text;
    throw trouble;
  }
  std::string promise() override { return "none today"; }
};

class MakerPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    const auto maker = std::make_shared<Maker>();
    if (auto provided = context.provide<troubles::ITrouble>(maker); !provided.ok()) return provided;
    return context.provide<troubles::INewerTrouble>(maker);
  }
};

}  // namespace

P2P_PLUGIN(MakerPlugin, P2P_NAME("trouble_maker") P2P_VERSION("0.1.0") P2P_SUMMARY("throws on request")
                            P2P_PROVIDES("troubles.ITrouble/1") P2P_PROVIDES("troubles.ITrouble/2"))
