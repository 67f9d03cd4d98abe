// The locator plugin: where its objects meet, in reading order. Cores (placement, membership, discovery), the ring with
// its layers, the shell that obeys the cores, and what is served to others.
#include "front.h"
#include "membership/classic.h"
#include "node.h"
#include "placement/classic_ring.h"
#include "ring/ring_changes.h"
#include "settings.h"
#include "wire/peer_service.h"
#include "wire/ring_service.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <memory>
#include <utility>

namespace p2p::ring {
namespace {

// One choice each so far; a second strategy comes in here.
std::shared_ptr<const placement::Placement> make_placement(const Settings&) {
  return std::make_shared<placement::ClassicPlacement>();
}

std::unique_ptr<membership::Membership> make_membership(const Settings& settings, const NodeInfo& node) {
  const membership::Member self{node.self, node.incarnation, membership::MemberState::alive};
  return std::make_unique<membership::ClassicMembership>(self, settings.classic);
}

class LocatorPlugin final : public Plugin {
 public:
  Result<Done> configure(const Config& config) override {
    auto settings = read_settings(config, {});
    if (!settings.ok()) return settings.error();
    return Done{};
  }

  Result<Done> start(Context& context) override {
    auto read = read_settings(context.config(), context.node().self);
    if (!read.ok()) return read.error();
    const Settings settings = std::move(read).value();

    const auto strand = context.strand("membership");
    const auto changes =
        std::make_shared<RingChanges>(RingChanges::Options{context.node().self, settings.layer_timeout},
                                      make_placement(settings), strand, context.log());
    node_ = std::make_shared<Node>(
        Node::Surroundings{strand, context.peers(), context.log(), context.service_name() + ".peer",
                           settings.call_timeout,
                           [&context](const std::string& why) { context.waits_for_network(why); }},
        make_membership(settings, context.node()), settings.discovery, changes);
    const auto front = std::make_shared<Front>(node_, context.log());

    if (auto provided = context.provide<ILocator>(front); !provided.ok()) return provided;
    if (auto served = serve_clients(context, front); !served.ok()) return served;
    if (auto served = serve_peers(context); !served.ok()) return served;
    if (auto served = serve_ring(context, front); !served.ok()) return served;
    context.gauge("members", [changes] { return static_cast<std::int64_t>(changes->view().members().size()); });
    context.gauge("view_changes", [changes] { return changes->view_changes(); });
    return Done{};
  }

  void ready(Completion done) override { node_->begin(std::move(done)); }
  void drain(Completion done) override { node_->leave(std::move(done)); }

  void stop() override {
    if (node_ != nullptr) node_->halt();
    node_.reset();
  }

 private:
  Result<Done> serve_clients(Context& context, const std::shared_ptr<Front>& front) {
    ServiceSpec spec;
    spec.idl = "locator.Locator";
    spec.extends = {"locator.Base"};
    spec.dispatch = Dispatch::io;
    auto methods = std::make_shared<Methods>();
    add_locator_methods(*methods, context, spec, front);
    return context.serve(spec, methods);
  }

  Result<Done> serve_peers(Context& context) {
    ServiceSpec spec;
    spec.idl = "membership.Membership";
    spec.dispatch = Dispatch::io;
    spec.part = "peer";
    auto methods = std::make_shared<Methods>();
    wire::add_membership_methods(*methods, node_);
    return context.serve(spec, methods);
  }

  Result<Done> serve_ring(Context& context, const std::shared_ptr<Front>& front) {
    ServiceSpec spec;
    spec.idl = "locator.Ring";
    spec.dispatch = Dispatch::io;
    spec.part = "ring";
    auto methods = std::make_shared<Methods>();
    wire::add_ring_methods(*methods, front);
    return context.serve(spec, methods);
  }

  std::shared_ptr<Node> node_;
};

}  // namespace
}  // namespace p2p::ring

// One option a line reads better than what the formatter makes of adjacent strings.
// clang-format off
P2P_PLUGIN(p2p::ring::LocatorPlugin,
           P2P_NAME("locator")
           P2P_VERSION(P2P_SDK_VERSION)
           P2P_SUMMARY("who is in the network, and who owns a key")
           P2P_PROVIDES("p2p.locator.ILocator/2")
           P2P_SERVES("locator.Locator")
           P2P_OPTION("membership", "choice", "classic", "classic",
                      "how members are found and given up; classic: the 2009 system's chain of adds and removes")
           P2P_OPTION("placement", "choice", "classic", "classic",
                      "which member owns a key, the same on every node of a network; classic: the 2009 system's ring")
           P2P_OPTION("discover", "choice", "localhost", "localhost|none",
                      "where to look for a network when join is empty; none: found one at once")
           P2P_OPTION("discover_port_first", "int", "9900", "1..65535", "first port of this machine to look at")
           P2P_OPTION("discover_port_count", "int", "10", "0..1000", "how many ports of this machine to look at")
           P2P_OPTION("discover_timeout", "duration", "2s", "10ms..1m",
                      "how long a port that is taken but silent keeps this node from founding a network")
           P2P_OPTION("join", "list", "", "",
                      "members to join, as host:port; when set, no network is founded, and the node is ready once it has "
                      "joined")
           P2P_OPTION("join_retry", "duration", "500ms", "10ms..1m", "longest pause before one of join is asked again")
           P2P_OPTION("connect_attempts", "int", "3", "1..10",
                      "failed connects within a second after which a member is removed")
           P2P_OPTION("compare_interval", "duration", "1s", "50ms..1h",
                      "how often the members are compared with those of some other node")
           P2P_OPTION("call_timeout", "duration", "1s", "10ms..1m", "how long to wait for another locator's answer")
           P2P_OPTION("layer_timeout", "duration", "5s", "100ms..10m",
                      "how long a service may hold up a change of the ring before it is passed over"))
// clang-format on
