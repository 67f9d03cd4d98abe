// greeter: greets whoever calls, and counts how often, in state that survives the death of any node.
#include <p2p/handlers.h>
#include <p2p/plugin.h>
#include <p2p/store.h>

#include <Greeter.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace {

constexpr const char* kCount = "count";  // the sub-key at a caller's name

// Called on threads of the host's pool, several at once. The store makes what they do to one name one after the other.
class GreeterHandler final : public p2p::BaseHandler, public greeter_v1::GreeterIf {
 public:
  GreeterHandler(p2p::Context& context, const p2p::ServiceSpec& spec, std::shared_ptr<p2p::Space> space)
      : BaseHandler(context, spec), greeting_(context.config().text("greeting")), space_(std::move(space)) {}

  void greet(std::string& answer, const std::string& name) override {
    const auto counted = space_->update_one(name, kCount, count_one_more).get();
    // may_have_run(counted.error().kind): it may have been counted all the same.
    if (!counted.ok()) throw fail(counted.error());
    answer = greeting_ + ' ' + name;
  }

  std::int64_t greeted(const std::string& name) override {
    const auto count = space_->read(name, kCount).get();
    if (!count.ok()) throw fail(count.error());
    return count.value() ? std::stoll(count.value()->value) : 0;
  }

 private:
  // May run again, on the newest value: it does nothing else.
  static void count_one_more(std::optional<std::string>& count) {
    count = std::to_string(count ? std::stoll(*count) + 1 : 1);
  }
  static apache::thrift::TApplicationException fail(const p2p::Error& error) {
    return {apache::thrift::TApplicationException::INTERNAL_ERROR, error.text};
  }

  const std::string greeting_;
  const std::shared_ptr<p2p::Space> space_;
};

class GreeterPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    auto space = context.require<p2p::IStore>()->open(context.service_name());
    if (!space.ok()) return space.error();
    p2p::ServiceSpec spec;
    spec.idl = "greeter.Greeter";
    spec.extends = {"locator.Base"};
    auto handler = std::make_shared<GreeterHandler>(context, spec, space.value());
    return p2p::serve_processor(context, spec, std::make_shared<greeter_v1::GreeterProcessor>(handler));
  }
};

}  // namespace

P2P_PLUGIN(GreeterPlugin,
           P2P_NAME("greeter") P2P_VERSION("0.1.0") P2P_SUMMARY("greets whoever calls, and counts how often")
               P2P_REQUIRES("p2p.diststore.IStore/1") P2P_MOVES_STATE P2P_SERVES("greeter.Greeter")
                   P2P_OPTION("greeting", "text", "hello", "", "what is said before the caller's name"))
