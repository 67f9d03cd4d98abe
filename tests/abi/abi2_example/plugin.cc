// A plugin for the ABI gate: its binary is kept, and every later host of the same ABI number must run it. So it takes
// something from every part of the SDK: options, logger, strand, timer, worker pool, a thread, gauge, typed methods, an
// interface that it provides and one that it requires, a ring layer, and every callback.
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Example.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

class IExample {
 public:
  static constexpr const char* kId = "abi2.IExample/1";
  virtual ~IExample() = default;
  virtual std::int64_t greetings() const = 0;
};

class Example final : public IExample, public p2p::RingLayer {
 public:
  std::int64_t greetings() const override { return greetings_; }

  void add(const p2p::NodeAddress& joined, p2p::Next next) override {
    note("add " + joined.name());
    next();
  }
  void cleanup(std::shared_ptr<const p2p::RingView> ring_without_self, p2p::Next next) override {
    note("cleanup, " + std::to_string(ring_without_self->members().size()) + " others");
    next();
  }

  void note(const std::string& event) {
    const std::lock_guard hold(mutex_);
    events_.push_back(event);
  }
  std::vector<std::string> events() const {
    const std::lock_guard hold(mutex_);
    return events_;
  }

  std::atomic<std::int64_t> greetings_{0};
  std::atomic<std::int64_t> ticks_{0};
  std::atomic<bool> is_thread_running_{false};

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
};

constexpr int kPriority = 10;

class ExamplePlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> configure(const p2p::Config& config) override {
    if (config.text("greeting").empty()) return config.wrong("greeting", "must not be empty");
    return p2p::Done{};
  }

  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    context_ = &context;
    example_ = std::make_shared<Example>();
    locator_ = context.require<p2p::ILocator>();
    strand_ = context.strand("example");
    timer_ = strand_->every(context.config().duration("period"), [example = example_] { ++example->ticks_; });
    context.gauge("greetings", [example = example_] { return example->greetings(); });
    context.spawn("idle", [example = example_](const std::stop_token& asked) {
      example->is_thread_running_ = !asked.stop_requested();
    });
    if (auto provided = context.provide<IExample>(example_); !provided.ok()) return provided;
    layer_ = locator_->push_layer(kPriority, context.service_name(), example_);
    return serve();
  }

  void ready(p2p::Completion done) override {
    context_->log().info("ready on {}", context_->node().self.name());
    strand_->post([done = std::make_shared<p2p::Completion>(std::move(done))] { (*done)(); });
  }

  void drain(p2p::Completion done) override {
    context_->log().info("drained after {} greetings", example_->greetings());
    done();
  }

  void stop() override {
    timer_.reset();
    layer_.reset();
    locator_.reset();
    strand_.reset();
    example_.reset();
  }

 private:
  p2p::Result<p2p::Done> serve() {
    p2p::ServiceSpec spec;
    spec.idl = "example.Example";
    spec.extends = {"locator.Base"};
    spec.dispatch = p2p::Dispatch::io;
    auto methods = std::make_shared<p2p::Methods>();
    p2p::add_base_methods(*methods, *context_, spec);
    add_methods(*methods);
    return context_->serve(spec, methods);
  }

  void add_methods(p2p::Methods& methods) {
    const auto example = example_;
    methods.on<abi2::Example_greet_args, abi2::Example_greet_presult>(
        "greet", [example, strand = strand_, greeting = context_->config().text("greeting")](auto& args, auto answer) {
          strand->post([example, text = greeting + ", " + args.name,
                        answer = std::make_shared<decltype(answer)>(std::move(answer))] {
            ++example->greetings_;
            (*answer)(text);
          });
        });
    methods.on<abi2::Example_owner_args, abi2::Example_owner_presult>(
        "owner", [locator = locator_, &pool = context_->pool()](auto& args, auto answer) {
          auto kept = std::make_shared<decltype(answer)>(std::move(answer));
          const bool is_taken = pool.submit([locator, key = args.key, kept] {
            const p2p::Owner owner = locator->view().owner_of(key);
            (*kept)(owner.address != nullptr ? owner.address->name() : std::string());
          });
          if (!is_taken) kept->fail(p2p::CallFault::internal_error, "the pool is full");
        });
    methods.on<abi2::Example_ticks_args, abi2::Example_ticks_presult>(
        "ticks", [example](auto&, auto answer) { answer(example->ticks_.load()); });
    methods.on<abi2::Example_ring_events_args, abi2::Example_ring_events_presult>(
        "ring_events", [example](auto&, auto answer) { answer(example->events()); });
  }

  p2p::Context* context_ = nullptr;
  std::shared_ptr<Example> example_;
  std::shared_ptr<p2p::ILocator> locator_;
  std::shared_ptr<p2p::Strand> strand_;
  std::unique_ptr<p2p::Timer> timer_;
  p2p::Subscription layer_;
};

}  // namespace

P2P_PLUGIN(ExamplePlugin,
           P2P_NAME("abi2_example") P2P_VERSION("1.0.0") P2P_SUMMARY("what a host of this ABI must run")
               P2P_PROVIDES("abi2.IExample/1") P2P_REQUIRES("p2p.locator.ILocator/3") P2P_SERVES("example.Example")
                   P2P_OPTION("greeting", "text", "hello", "", "what greet() begins with")
                       P2P_OPTION("period", "duration", "5ms", "1ms..1s", "between two ticks"))
