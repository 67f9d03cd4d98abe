// A plugin that ends its node when it is asked to, or at its start.
#include "ways.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <Crasher.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

namespace {

// Hands the way in which to crash to the service's own thread.
class Victim final {
 public:
  void crash(const std::string& way) {
    const std::lock_guard hold(mutex_);
    way_ = way;
    changed_.notify_all();
  }

  void run(const std::stop_token& asked_to_stop) {
    std::unique_lock hold(mutex_);
    if (changed_.wait(hold, asked_to_stop, [this] { return !way_.empty(); })) crasher::crash(way_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string way_;
};

class Handler final : public crasher::CrasherIf {
 public:
  explicit Handler(std::shared_ptr<Victim> victim) : victim_(std::move(victim)) {}

  void ping() override {}
  void crash(const std::string& way) override { crasher::crash(way); }
  void crash_elsewhere(const std::string& way) override { victim_->crash(way); }

 private:
  std::shared_ptr<Victim> victim_;
};

class CrasherPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    if (context.config().flag("at_start")) crasher::crash("null");
    p2p::ServiceSpec spec;
    spec.idl = "crasher.Crasher";
    if (context.config().flag("inline")) spec.dispatch = p2p::Dispatch::io;
    const auto victim = std::make_shared<Victim>();
    context.spawn("own", [victim](const std::stop_token& asked_to_stop) { victim->run(asked_to_stop); });
    auto processor = std::make_shared<crasher::CrasherProcessor>(std::make_shared<Handler>(victim));
    return p2p::serve_processor(context, spec, std::move(processor));
  }
};

}  // namespace

P2P_PLUGIN(CrasherPlugin,
           P2P_NAME("crasher") P2P_VERSION("0.1.0") P2P_SUMMARY("ends its node, for tests of what comes then")
               P2P_SERVES("crasher.Crasher") P2P_OPTION("at_start", "bool", "false", "", "whether start() crashes")
                   P2P_OPTION("inline", "bool", "false", "", "whether calls run on an I/O loop"))
