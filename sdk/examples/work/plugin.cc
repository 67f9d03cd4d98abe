// The plugin: where its objects meet, in reading order.
#include "service.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <memory>
#include <string>

namespace work {
namespace {

// Above the locator's own, which is the ring itself.
constexpr int kLayerPriority = 50;

Options read_options(const p2p::Config& config) {
  Options options;
  options.limits.queue_max = static_cast<std::size_t>(config.integer("queue_max"));
  options.limits.running_max = static_cast<std::size_t>(config.integer("workers"));
  options.limits.results_max = static_cast<std::size_t>(config.integer("results_max"));
  options.limits.results_age = config.duration("results_age");
  options.limits.ledger_max = static_cast<std::size_t>(config.integer("ledger_max"));
  options.payload_bytes_max = config.bytes("payload_bytes_max");
  options.batch_bytes = config.bytes("batch_bytes");
  return options;
}

class WorkPlugin final : public p2p::Plugin {
 public:
  p2p::Result<p2p::Done> start(p2p::Context& context) override {
    locator_ = context.require<p2p::ILocator>();
    service_ = std::make_shared<Service>(context, locator_, read_options(context.config()));
    layer_ = locator_->push_layer(kLayerPriority, context.service_name(), service_);
    views_ = locator_->subscribe(context.service_name(),
                                 [service = service_](const p2p::RingChange&) { service->ring_changed(); });
    service_->start();
    show_gauges(context);
    return serve(context);
  }

  // Clients' calls wait until this node is part of its network: before, it would take every key for its own.
  void ready(p2p::Completion done) override {
    const auto kept = std::make_shared<p2p::Completion>(std::move(done));
    locator_->when_joined([service = service_, kept] {
      service->joined();
      (*kept)();
    });
  }

  // On a ring, no other takes over what this node holds as long as it is a member. In an agreed cluster others do that
  // run the service; whether there are any, only an operator knows.
  p2p::Result<p2p::Done> may_end() override {
    const Service::Figures& now = service_->figures();
    const std::int64_t jobs = now.queued.load() + now.running.load() + now.done.load();
    if (jobs == 0) return p2p::Done{};
    const bool is_agreed = locator_->view().partition_count() > 0;
    return p2p::Error{p2p::ErrorKind::invalid,
                      "it holds " + std::to_string(jobs) + " jobs, or results of jobs, which " +
                          (is_agreed ? "other nodes that run it take over; if there is one, say --force"
                                     : "would be lost; let the node leave instead")};
  }

  // For a service that is switched off; when the node leaves, the hand-over is begun by the locator, with cleanup().
  void drain(p2p::Completion done) override { service_->drain(std::move(done)); }

  void stop() override {
    layer_.reset();
    views_.reset();
    if (service_) service_->stop();
    service_.reset();
    locator_.reset();
  }

 private:
  p2p::Result<p2p::Done> serve(p2p::Context& context) {
    // Handlers only post to the strand.
    const p2p::ServiceSpec for_clients{
        .idl = "work.Work", .extends = {"locator.Base"}, .dispatch = p2p::Dispatch::io, .part = ""};
    const auto client_methods = std::make_shared<p2p::Methods>();
    p2p::add_base_methods(*client_methods, context, for_clients);
    service_->add_methods(*client_methods);
    if (auto served = context.serve(for_clients, client_methods); !served.ok()) return served;

    // What other nodes call stands behind a name of its own: it is served while this node starts and while it leaves.
    const p2p::ServiceSpec for_peers{
        .idl = "work.WorkPeer", .extends = {}, .dispatch = p2p::Dispatch::io, .part = "peer"};
    const auto peer_methods = std::make_shared<p2p::Methods>();
    service_->add_peer_methods(*peer_methods);
    return context.serve(for_peers, peer_methods);
  }

  void show_gauges(p2p::Context& context) {
    context.gauge("queued", [service = service_] { return service->figures().queued.load(); });
    context.gauge("running", [service = service_] { return service->figures().running.load(); });
    context.gauge("done", [service = service_] { return service->figures().done.load(); });
    context.gauge("moved", [service = service_] { return service->figures().moved.load(); });
  }

  std::shared_ptr<p2p::ILocator> locator_;
  std::shared_ptr<Service> service_;
  p2p::Subscription layer_;
  p2p::Subscription views_;
};

}  // namespace
}  // namespace work

// The pieces of the descriptor stand side by side, which a formatter takes for one call within another.
// clang-format off
P2P_PLUGIN(work::WorkPlugin,
           P2P_NAME("work")
           P2P_VERSION("0.1.0")
           P2P_SUMMARY("runs jobs on the nodes that own their keys")
           P2P_REQUIRES("p2p.locator.ILocator/3")
           P2P_SERVES("work.Work")
           P2P_MOVES_STATE
           P2P_OPTION("workers", "int", "2", "1..256", "jobs that run at the same time")
           P2P_OPTION("queue_max", "int", "10000", "1..1000000", "jobs that wait to run; more are refused as QueueFull")
           P2P_OPTION("results_max", "int", "100000", "1..10000000",
                      "jobs that have ended and are remembered, results and ids; the oldest are forgotten first")
           P2P_OPTION("results_age", "duration", "10m", "1s..24h",
                      "how long a job that has ended is remembered at most")
           P2P_OPTION("ledger_max", "int", "100000", "1..10000000", "entries of one key's ledger; further appends fail")
           P2P_OPTION("payload_bytes_max", "bytes", "256KiB", "1KiB..8MiB",
                      "larger payloads are refused, and jobs with larger results fail")
           P2P_OPTION("batch_bytes", "bytes", "256KiB", "4KiB..8MiB",
                      "what moves to another node travels in pieces of this size"))
// clang-format on
