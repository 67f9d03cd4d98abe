// Catches by type what another plugin throws, or lets it propagate to the host.
#include "trouble.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <thrift/TApplicationException.h>

#include <Taker.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

constexpr const char* kText = "from over there";

class Taker final : public troubles::TakerIf {
 public:
  explicit Taker(std::shared_ptr<troubles::ITrouble> maker) : maker_(std::move(maker)) {}

  void take(std::string& answer, const std::string& kind) override {
    try {
      maker_->make(kind, kText);
    } catch (const p2p::Error& error) {
      answer = std::string("p2p::Error ") + p2p::to_text(error.kind) + ": " + error.text;
    } catch (const troubles::Trouble& trouble) {
      answer = "troubles::Trouble: " + trouble.text;
    } catch (const apache::thrift::TApplicationException& failure) {
      answer = std::string("TApplicationException: ") + failure.what();
    } catch (const std::out_of_range& failure) {
      answer = std::string("std::out_of_range: ") + failure.what();
    } catch (int number) {
      answer = "int: " + std::to_string(number);
    } catch (...) {
      answer = "something else";
    }
  }
  void pass_on(std::string&, const std::string& kind) override { maker_->make(kind, kText); }
  void cast(std::string& answer) override {
    auto* newer = dynamic_cast<troubles::INewerTrouble*>(maker_.get());
    answer = newer == nullptr ? "it is not a newer one" : newer->promise();
  }

 private:
  std::shared_ptr<troubles::ITrouble> maker_;
};

class TakerPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    p2p::ServiceSpec spec;
    spec.idl = "troubles.Taker";
    auto handler = std::make_shared<Taker>(context.require<troubles::ITrouble>());
    return p2p::serve_processor(context, spec, std::make_shared<troubles::TakerProcessor>(std::move(handler)));
  }
};

}  // namespace

P2P_PLUGIN(TakerPlugin, P2P_NAME("trouble_taker") P2P_VERSION("0.1.0") P2P_SUMMARY("catches what another throws")
                            P2P_REQUIRES("troubles.ITrouble/1") P2P_SERVES("troubles.Taker"))
