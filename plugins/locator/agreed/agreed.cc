#include "agreed/agreed.h"

#include "agreed/adapter.h"
#include "agreed/disk/node_folder.h"
#include "agreed/disk/save_queue.h"
#include "agreed/feature_level.h"
#include "agreed/foreign_calls.h"
#include "agreed/guarded_holder.h"
#include "agreed/holder_place.h"
#include "agreed/map_metrics.h"
#include "agreed/wire/cluster_service.h"
#include "agreed/wire/saved.h"
#include "agreed/wire/view_service.h"
#include "cluster/embedded/embedded_agreement.h"
#include "placement/partition_table.h"
#include "ring/partition_view.h"

#include <p2p/context.h>
#include <p2p/drain.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <random>
#include <utility>

namespace p2p::agreed {
namespace {

namespace wire = cluster::wire;

// What runs on other threads than the strand: calls of other members, and the disk. Both report to the node's strand,
// which is known only when the shell is.
class Bridge final : public wire::Listener {
 public:
  explicit Bridge(std::unique_ptr<NodeFolder> folder)
      : folder_(std::move(folder)),
        disk_(*folder_,
              {.saved = [this](auto highest) { post([=](auto& a, auto now, auto& e) { a.saved(highest, now, e); }); },
               .failed = [this](Error error) { post([=](auto& a, auto, auto& e) { a.disk_failed(error, e); }); },
               .retired =
                   [this](Identity self, Retired old) {
                     post([=, where = old.folder.string()](auto& a, auto now, auto& e) {
                       a.retired(self, where, now, e);
                     });
                   },
               .network_end_marked = [this] { post([](auto& a, auto, auto& e) { a.network_end_marked(e); }); }}) {}

  NodeFolder& folder() { return *folder_; }
  SaveQueue& disk() { return disk_; }

  // Before the node is ready; nothing arrives earlier.
  void attach(std::weak_ptr<ring::LocatorShell> node, const std::shared_ptr<Adapter>& adapter) {
    node_ = std::move(node);
    adapter_ = adapter;
  }

  void on_request(const cluster::Sender& from, const cluster::ClusterId& cluster, cluster::MemberRequest request,
                  wire::Respond respond) override {
    post([=, asked = std::move(request)](Adapter& adapter, TimePoint now, auto& effects) {
      adapter.on_request(from, cluster, asked, respond, now, effects);
    });
  }
  void on_join(const cluster::Sender& from, cluster::Member joiner, const cluster::Terms& terms,
               wire::Respond respond) override {
    post([=, who = std::move(joiner)](Adapter& adapter, TimePoint now, auto& effects) {
      adapter.on_join(from, who, terms, respond, now, effects);
    });
  }
  void on_watch(const cluster::Sender&, wire::Respond respond) override {
    post([=](Adapter& adapter, TimePoint now, auto&) { adapter.on_watch(respond, now); });
  }

  void end_watches() {
    post([](Adapter& adapter, TimePoint, auto&) { adapter.end_watches(); });
  }
  void order(const cluster::Request& order, TimePoint until) {
    post([=](Adapter& adapter, TimePoint now, auto& effects) { adapter.on_order(order, until, now, effects); });
  }
  void set_holder(const std::string& service, const std::shared_ptr<PartitionHolder>& holder) {
    post([=](Adapter& adapter, TimePoint now, auto& effects) { adapter.on_holder(service, holder, now, effects); });
  }
  void compare_maps(PartitionNode node) {
    post([=](Adapter& adapter, TimePoint, auto& effects) { adapter.compare_maps(node, effects); });
  }
  void recover(const RecoveryOrder& order, const TellRecovery& told) {
    post([=](Adapter& adapter, TimePoint now, auto& effects) { adapter.on_recover(order, told, now, effects); });
  }
  void place(const std::string& zone, std::optional<std::uint32_t> weight) {
    post([=](Adapter& adapter, TimePoint now, auto& effects) { adapter.on_place(zone, weight, now, effects); });
  }

 private:
  template <class Act>
  void post(Act act) {
    const auto node = node_.lock();
    if (!node) return;
    node->post_event([act = std::move(act), weak = adapter_](TimePoint now, membership::Effects& effects) {
      if (const auto adapter = weak.lock()) act(*adapter, now, effects);
    });
  }

  std::unique_ptr<NodeFolder> folder_;
  std::weak_ptr<ring::LocatorShell> node_;
  std::weak_ptr<Adapter> adapter_;
  SaveQueue disk_;
};

// As far as the operator has set one.
std::optional<std::uint32_t> weight_of(const Config& config) {
  if (config.is_default("weight")) return std::nullopt;
  return static_cast<std::uint32_t>(config.integer("weight"));
}

Adapter::Options read_options(const Context& context, const Config& config, const NodeFolder& folder) {
  Adapter::Options options;
  if (const auto& before = folder.retired_at_start()) {
    options.ended_network = before->ended_network;
    if (before->ended_network.empty()) options.retired_because = before->reason;
  }
  options.address = context.node().self;
  options.description.zone = config.text("zone");
  options.description.weight = static_cast<std::uint32_t>(config.integer("weight"));
  options.is_weight_set = weight_of(config).has_value();
  options.description.services = context.node().services;
  options.description.holds_partitions = false;  // until a service says so: ILocator::hold_partitions()
  options.description.feature_level = options.terms.feature_level = feature_level();
  options.terms.partitions = static_cast<std::uint32_t>(config.integer("partitions"));
  options.terms.copies = static_cast<std::uint32_t>(config.integer("copies"));
  options.terms.copies_min = static_cast<std::uint32_t>(config.integer("copies_min"));
  options.policy = cluster::default_policy(options.terms.durability);
  options.policy.requests_max = cluster::kRequestsMax;
  options.policy.remove_after = config.duration("remove_after");
  options.policy.restore_after = config.duration("restore_after");
  options.found = config.flag("found");
  options.expect = static_cast<std::size_t>(config.integer("expect"));
  options.call_timeout = config.duration("call_timeout");
  return options;
}

cluster::ClusterId draw_cluster_id() {
  std::random_device random;  // the system's
  const auto draw = [&random] { return (std::uint64_t{random()} << 32) | random(); };
  cluster::ClusterId id;
  id.high = draw();
  id.low = draw();
  return id;
}

std::chrono::milliseconds wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now);
}

Adapter::Environment environment(Context& context, const std::shared_ptr<Bridge>& bridge,
                                 const std::shared_ptr<ClusterObserver>& observer) {
  SaveQueue& disk = bridge->disk();
  return {
      .make_agreement =
          [](const auto& self, const auto& rules, auto saved, TimePoint now) {
            const cluster::EmbeddedAgreement::Self voter{.id = self.id, .boot = self.boot};
            return std::make_unique<cluster::EmbeddedAgreement>(voter, rules, std::move(saved), now);
          },
      .save = [&disk](auto id, const auto& what) { disk.save(id, [what] { return wire::encode_saved(what); }); },
      .retire = [&disk](const std::string& reason, const auto& network) { disk.retire(reason, network); },
      .mark_network_end = [&disk](const auto& network, const auto& reason) { disk.mark_network_end(network, reason); },
      .resume_saves = [&disk] { disk.resume(); },
      .wall_clock = wall_clock,
      .draw_cluster_id = draw_cluster_id,
      .make_view = [](auto map,
                      const auto& self) { return std::make_shared<ring::PartitionView>(std::move(map), self); },
      .progressed = [drain = context.find<Drain>()] { drain->progressed(); },
      .end_node = [&context](const Error& why) { context.request_end(why); },
      .observer = observer,
  };
}

Result<cluster::SavedAgreement> saved_in(NodeFolder& folder) {
  const auto bytes = folder.take_saved();
  if (!bytes) return cluster::SavedAgreement{};
  auto saved = wire::decode_saved(*bytes);
  if (saved.ok() && saved.value().map != nullptr && saved.value().map->feature_level > feature_level())
    return Error{ErrorKind::invalid, outgrown(saved.value().map->feature_level, feature_level())};
  if (saved.ok()) return saved;
  return Error{saved.error().kind, (folder.path() / "node" / "agreement").string() + ": " + saved.error().text +
                                       "; start the version that wrote it, or move the folder away: the node then "
                                       "joins as a new one"};
}

// A node that is configured so does not start. One that runs goes on: the start of the other service ends in time.
void refuse_holder(Context& context, const std::string& holder, const std::string& other) {
  const auto& configured = context.node().services;
  const bool is_configured =
      std::ranges::binary_search(configured, holder) && std::ranges::binary_search(configured, other);
  const std::string why = both_hold(holder, other);
  if (is_configured) return context.request_end({ErrorKind::invalid, why});
  context.log().error("{}", why);
}

// What operators ask, and what they order.
std::vector<ring::Implementation::Part> parts_for_operators(const ViewSource& source) {
  const ServiceSpec view{
      .idl = "cluster_view.ClusterView", .extends = {}, .dispatch = Dispatch::pool, .part = "cluster"};
  const ServiceSpec admin{
      .idl = "cluster_view.ClusterAdmin", .extends = {}, .dispatch = Dispatch::io, .part = kAdminPart};
  return {{view, [source](Methods& methods) { add_view_methods(methods, source); }},
          {admin, [source](Methods& methods) { add_admin_methods(methods, source); }}};
}

}  // namespace

Result<Done> check_options(const Config& config) {
  const auto partitions = static_cast<std::uint64_t>(config.integer("partitions"));
  if (!std::has_single_bit(partitions)) return config.wrong("partitions", "it must be a power of two, as 4096");
  if (config.integer("copies_min") > config.integer("copies"))
    return config.wrong("copies_min", "it is more than copies, so that no write could ever reach so many");
  return Done{};
}

Result<ring::Implementation> make_agreed(Context& context) {
  auto opened = NodeFolder::open(context.node().data_dir / context.service_name());
  if (!opened.ok()) return opened.error();
  const auto bridge = std::make_shared<Bridge>(std::move(opened).value());
  auto saved = saved_in(bridge->folder());
  if (!saved.ok()) return saved.error();
  const Identity self = bridge->folder().self();
  const auto strand_clock = std::chrono::steady_clock::now();
  const auto observer = std::make_shared<ClusterObserver>(wall_clock);
  const auto adapter =
      std::make_shared<Adapter>(read_options(context, context.config(), bridge->folder()),
                                environment(context, bridge, observer), self, std::move(saved).value(), strand_clock);
  context.find<Drain>()->when_stopping([bridge, observer] {
    bridge->end_watches();
    observer->end_waits();
  });
  context.spawn("disk", [bridge](const std::stop_token& stop) { bridge->disk().run(stop); });
  show_metrics(context, adapter, observer);
  context.log().info("node {}, boot {}", self.id.text(), self.boot.number);
  return ring::Implementation{
      .membership = adapter,
      .carry =
          [&peers = context.peers(), service = ring::peer_service(context)](membership::OutgoingCall call, auto ended) {
            peers.call(call.to, service, std::move(call.message), call.deadline, std::move(ended));
          },
      .peer_idl = "cluster_wire.Cluster",
      .add_peer_methods =
          [bridge, adapter](Methods& methods, const auto& node) {
            bridge->attach(node, adapter);
            wire::add_cluster_methods(methods, bridge);
          },
      .make_announcements =
          [&context](const auto& node) {
            return std::make_shared<ForeignCalls>(
                ForeignCalls::Environment{.strand = context.strand("nodes of 2009"),
                                          .peers = context.peers(),
                                          .log = context.log(),
                                          .view = [weak = std::weak_ptr(node)]() -> std::shared_ptr<const RingView> {
                                            const auto shell = weak.lock();
                                            return shell ? shell->changes().shared_view() : nullptr;
                                          },
                                          .call_timeout = context.config().duration("call_timeout")});
          },
      .placement = placement::partitions_name(static_cast<std::uint32_t>(context.config().integer("partitions"))),
      .parts =
          parts_for_operators({.observer = observer,
                               .lease_held_until = [adapter] { return adapter->lease_held_until(); },
                               .order = [bridge](const auto& order, TimePoint until) { bridge->order(order, until); },
                               .recover = [bridge](const auto& order, auto told) { bridge->recover(order, told); }}),
      .lease_held_until = [adapter] { return adapter->lease_held_until(); },
      .hold_partitions =
          [bridge, &context, place = std::make_shared<HolderPlace>()](const std::string& service,
                                                                      std::shared_ptr<PartitionHolder> holder) {
            if (const auto other = place->take(service)) {
              refuse_holder(context, *other, service);
              return Subscription();
            }
            const auto guarded = std::make_shared<GuardedHolder>(std::move(holder));
            bridge->set_holder(service, guarded);
            return Subscription([bridge, guarded, place] {
              guarded->end();
              bridge->set_holder("", nullptr);
              place->leave();
            });
          },
      .compare_maps = [bridge](PartitionNode node) { bridge->compare_maps(node); },
      .newest_map = [adapter] { return adapter->newest_map(); },
      .level_in_force = [adapter] { return adapter->level_in_force(); },
      .live_options = {"weight", "zone"},
      .apply_options = [bridge](const Config& config) { bridge->place(config.text("zone"), weight_of(config)); },
  };
}

}  // namespace p2p::agreed
