// How does a host treat a service that changes, complains, refuses to end, fails, or hangs? Whatever the tests ask for.
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Moody.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace {

std::atomic<std::int64_t> starts{0};

struct Mood {
  std::atomic<std::int64_t> level{0};
  std::int64_t size = 0;
  std::mutex mutex;  // of what follows
  std::string complaint;
  std::string treasure;
};

class MoodyHandler final : public moody::MoodyIf {
 public:
  explicit MoodyHandler(std::shared_ptr<Mood> mood) : mood_(std::move(mood)) {}

  std::int64_t level() override { return mood_->level.load(); }
  std::int64_t size() override { return mood_->size; }
  std::int64_t starts() override { return ::starts.load(); }
  void sleep(std::string& slept, std::int32_t milliseconds) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    slept = "slept";
  }
  void feel(const std::string& complaint) override {
    const std::lock_guard hold(mood_->mutex);
    mood_->complaint = complaint;
  }
  void keep(const std::string& treasure) override {
    const std::lock_guard hold(mood_->mutex);
    mood_->treasure = treasure;
  }

 private:
  const std::shared_ptr<Mood> mood_;
};

p2p::Error bad(const std::string& text) { return {p2p::ErrorKind::invalid, text}; }

// Long enough for any test to see that it hangs; a test that ends early does not wait for it.
constexpr auto kHoldMax = std::chrono::minutes(5);

void hold_while_there(const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + kHoldMax;
  while (std::filesystem::exists(path) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

class MoodyPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> configure(const p2p::Config& config) override {
    if (config.text("fails") == "configure") std::abort();
    if (config.text("holds") == "configure") hold_while_there(config.text("while_there"));
    if (config.integer("size") == 13) return config.wrong("size", "must not be 13");
    return p2p::Done{};
  }

  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    const std::string& fails = context.config().text("fails");
    if (fails == "start") return bad("it was told to");
    never_ready_ = fails == "ready";
    holds_ = context.config().text("holds");
    while_there_ = context.config().text("while_there");
    hold("start");
    size_ = context.config().integer("size");
    mood_->size = size_;
    mood_->level.store(context.config().integer("level"));
    ++starts;
    p2p::ServiceSpec spec;
    spec.idl = "moody.Moody";
    auto handler = std::make_shared<MoodyHandler>(mood_);
    return p2p::serve_processor(context, spec, std::make_shared<moody::MoodyProcessor>(handler));
  }

  void ready(p2p::Completion done) override {
    hold("ready");
    if (never_ready_) kept_ = std::move(done);
  }

  p2p::Result<p2p::Reconfigured> reconfigure(const p2p::Config& config) override {
    if (config.integer("size") != size_) return p2p::Reconfigured::needs_restart;
    if (config.integer("level") == 99) return bad("99 is no level");
    mood_->level.store(config.integer("level"));
    return p2p::Reconfigured::applied;
  }

  std::optional<p2p::Reconfigured> would_reconfigure(const p2p::Config& config) override {
    if (config.flag("secretive") || config.integer("level") == 99) return std::nullopt;
    return config.integer("size") != size_ ? p2p::Reconfigured::needs_restart : p2p::Reconfigured::applied;
  }

  p2p::Result<p2p::Done> may_end() override {
    const std::lock_guard hold(mood_->mutex);
    if (mood_->treasure.empty()) return p2p::Done{};
    return bad(mood_->treasure);
  }

  p2p::Result<p2p::Done> health() override {
    const std::lock_guard hold(mood_->mutex);
    if (mood_->complaint.empty()) return p2p::Done{};
    return bad(mood_->complaint);
  }

  void drain(p2p::Completion done) override {
    hold("drain");
    done();
  }

  void stop() override {
    hold("stop");
    kept_ = {};
  }

 private:
  void hold(const std::string& callback) const {
    if (holds_ == callback) hold_while_there(while_there_);
  }

  std::string holds_;
  std::string while_there_;
  std::int64_t size_ = 0;
  bool never_ready_ = false;
  p2p::Completion kept_;
  const std::shared_ptr<Mood> mood_ = std::make_shared<Mood>();
};

}  // namespace

P2P_PLUGIN(MoodyPlugin,
           P2P_NAME("moody") P2P_VERSION("0.1.0") P2P_SUMMARY("a service that does what a test asks for")
               P2P_SERVES("moody.Moody") P2P_OPTION("level", "int", "1", "0..100", "changes in place")
                   P2P_OPTION("size", "int", "10", "1..100", "takes a restart")
                       P2P_OPTION("fails", "choice", "nowhere", "nowhere|configure|start|ready",
                                  "which step of its life it fails")
                           P2P_OPTION("holds", "choice", "nowhere", "nowhere|configure|start|ready|drain|stop",
                                      "which callback does not return")
                               P2P_OPTION("while_there", "text", "", "", "the file in whose absence it does")
                                   P2P_OPTION("secretive", "bool", "false", "",
                                              "it tells nobody whether it can change in place"))
