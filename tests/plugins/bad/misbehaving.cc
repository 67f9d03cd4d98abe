// A plugin that does one thing which no plugin may do: P2P_DEED of deeds.h, in its callback P2P_WHEN.
#include "deeds.h"

#include <p2p/plugin.h>

#include <string>

namespace {

// The callbacks, loading before all of them, and configure() with one of its options at the edge of its range.
enum class When { loading, configure, edge, start, ready, drain, stop, reconfigure, may_end, health };

void now(When when, const std::string& what) {
  if (when == When::P2P_WHEN) bad::P2P_DEED(what);
}

struct Loading {
  Loading() { now(When::loading, "number"); }
};
const Loading loading;

constexpr int kCopiesMax = 16;

class Misbehaving final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> configure(const p2p::Config& config) override {
    what_ = config.text("what");
    now(When::configure, what_);
    if (config.integer("copies") == kCopiesMax) now(When::edge, what_);
    return p2p::Done{};
  }
  p2p::Result<p2p::Done> start(p2p::Context&) override {
    now(When::start, what_);
    return p2p::Done{};
  }
  void ready(p2p::Completion done) override {
    now(When::ready, what_);
    done();
  }
  void drain(p2p::Completion done) override {
    now(When::drain, what_);
    done();
  }
  void stop() override { now(When::stop, what_); }
  p2p::Result<p2p::Reconfigured> reconfigure(const p2p::Config& config) override {
    now(When::reconfigure, what_);
    what_ = config.text("what");
    return p2p::Reconfigured::applied;
  }
  p2p::Result<p2p::Done> may_end() override {
    now(When::may_end, what_);
    return p2p::Done{};
  }
  p2p::Result<p2p::Done> health() override {
    now(When::health, what_);
    return p2p::Done{};
  }

 private:
  std::string what_;
};

}  // namespace

P2P_PLUGIN(Misbehaving, P2P_NAME(P2P_BAD_NAME) P2P_VERSION("0.1.0") P2P_SUMMARY("does one thing wrong")
                            P2P_OPTION("what", "choice", "number", "number|error", "what is thrown, if it throws")
                                P2P_OPTION("copies", "int", "3", "1..16", "has an edge"))
