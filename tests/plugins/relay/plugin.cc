// What becomes of calls to other nodes? This service passes them on in each way that the SDK has, and counts what it
// executes.
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Relay.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace {

using std::chrono::milliseconds;

// Calls that are answered after a while. Every method: [any thread].
class Naps final {
 public:
  explicit Naps(std::shared_ptr<p2p::Strand> strand) : strand_(std::move(strand)) {}

  template <class TextAnswer>
  void begin(TextAnswer answer, std::string text, std::int32_t length_ms) {
    begun_.fetch_add(1);
    auto kept = std::make_shared<TextAnswer>(std::move(answer));
    const std::lock_guard hold(mutex_);
    const std::uint64_t number = ++last_;
    timers_[number] = strand_->after(milliseconds(length_ms), [this, number, kept, text = std::move(text)] {
      (*kept)(text);
      const std::lock_guard lock(mutex_);
      timers_.erase(number);
    });
  }

  std::int64_t begun() const { return begun_.load(); }

  void stop() {
    std::map<std::uint64_t, std::unique_ptr<p2p::Timer>> dropped;
    const std::lock_guard hold(mutex_);
    dropped.swap(timers_);
  }

 private:
  const std::shared_ptr<p2p::Strand> strand_;
  std::atomic<std::int64_t> begun_{0};
  std::mutex mutex_;  // of what follows
  std::map<std::uint64_t, std::unique_ptr<p2p::Timer>> timers_;
  std::uint64_t last_ = 0;
};

p2p::NodeAddress at(std::int32_t port) { return {"127.0.0.1", static_cast<std::uint16_t>(port)}; }

class RelayPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    context_ = &context;
    naps_ = std::make_shared<Naps>(context.strand("naps"));
    context.gauge("naps", [naps = naps_] { return naps->begun(); });
    p2p::ServiceSpec spec;
    spec.idl = "relay.Relay";
    spec.dispatch = p2p::Dispatch::io;
    auto methods = std::make_shared<p2p::Methods>();
    add_own(*methods);
    add_passing(*methods);
    return context.serve(spec, methods);
  }

  void stop() override { naps_->stop(); }

 private:
  void add_own(p2p::Methods& methods) {
    methods.on<relay::Relay_echo_args, relay::Relay_echo_presult>("echo",
                                                                  [](auto& args, auto answer) { answer(args.text); });
    methods.on<relay::Relay_nap_args, relay::Relay_nap_presult>("nap", [naps = naps_](auto& args, auto answer) {
      naps->begin(std::move(answer), std::move(args.text), args.milliseconds);
    });
  }

  void add_passing(p2p::Methods& methods) {
    methods.on<relay::Relay_echo_at_args, relay::Relay_echo_at_presult>("echo_at", [this](auto& args, auto answer) {
      relay::Relay_echo_args call;
      call.text = std::move(args.text);
      ask<relay::Relay_echo_result>(at(args.port), p2p::encode_call("echo", call), args.deadline_ms, std::move(answer));
    });
    methods.on<relay::Relay_nap_at_args, relay::Relay_nap_at_presult>("nap_at", [this](auto& args, auto answer) {
      relay::Relay_nap_args call;
      call.text = std::move(args.text);
      call.milliseconds = args.milliseconds;
      ask<relay::Relay_nap_result>(at(args.port), p2p::encode_call("nap", call), args.deadline_ms, std::move(answer));
    });
    methods.on<relay::Relay_nap_there_args, relay::Relay_nap_there_presult>(
        "nap_there", [naps = naps_](auto& args, auto answer) {
          if (answer.info().hops > 0) return naps->begin(std::move(answer), std::move(args.text), args.milliseconds);
          const p2p::Duration time_left = answer.deadline() - std::chrono::steady_clock::now();
          answer.release().forward(at(args.port), time_left, [](p2p::Error error, p2p::Call call) {
            call.fail(p2p::CallFault::internal_error, std::string(p2p::to_text(error.kind)) + ": " + error.text);
          });
        });
  }

  template <class GeneratedResult, class TextAnswer>
  void ask(const p2p::NodeAddress& to, std::string message, std::int32_t deadline_ms, TextAnswer answer) {
    auto kept = std::make_shared<TextAnswer>(std::move(answer));
    context_->peers().call(to, context_->service_name(), std::move(message), milliseconds(deadline_ms),
                           [kept](const p2p::Result<std::string>& reply) {
                             if (!reply.ok()) return (*kept)(std::string("!") + p2p::to_text(reply.error().kind));
                             const auto decoded = p2p::decode_reply<GeneratedResult>(reply.value());
                             (*kept)(decoded.ok() ? decoded.value().success : "!!" + decoded.error().text);
                           });
  }

  p2p::Context* context_ = nullptr;
  std::shared_ptr<Naps> naps_;
};

}  // namespace

P2P_PLUGIN(RelayPlugin, P2P_NAME("relay") P2P_VERSION("0.1.0")
                            P2P_SUMMARY("passes calls on to other nodes in every way") P2P_SERVES("relay.Relay"))
