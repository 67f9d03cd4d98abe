#include "locator_plugin.h"

#include "placement/classic_ring.h"
#include "ring/ring_changes.h"
#include "wire/ring_service.h"

#include <p2p/handlers.h>

#include <algorithm>
#include <utility>

namespace p2p::ring {
namespace {

// Serves what `add_methods` fills in.
Result<Done> serve(Context& context, const ServiceSpec& spec, const std::function<void(Methods&)>& add_methods) {
  const auto methods = std::make_shared<Methods>();
  add_methods(*methods);
  return context.serve(spec, methods);
}

}  // namespace

Result<Done> LocatorPlugin::configure(const Config& config) {
  auto settings = read_settings(config, {});
  if (!settings.ok()) return settings.error();
  return Done{};
}

Result<Done> LocatorPlugin::start(Context& context) {
  auto read = read_settings(context.config(), context.node().self);
  if (!read.ok()) return read.error();
  const Settings settings = std::move(read).value();
  auto made = make_(context);
  if (!made.ok()) return made.error();
  const Implementation implementation = std::move(made).value();
  config_ = context.config();
  live_options_ = implementation.live_options;
  apply_options_ = implementation.apply_options;

  const auto strand = context.strand("membership");
  const auto changes =
      std::make_shared<RingChanges>(RingChanges::Options{context.node().self, settings.layer_timeout},
                                    std::make_shared<placement::ClassicPlacement>(), strand, context.log());
  shell_ = std::make_shared<LocatorShell>(
      LocatorShell::Environment{strand, context.log(), implementation.carry, settings.call_timeout,
                                [&context](const std::string& why) { context.waits_for_network(why); }},
      implementation.membership, settings.discovery, changes);
  const auto announcements = implementation.make_announcements ? implementation.make_announcements(shell_) : nullptr;
  const auto locator = std::make_shared<LocatorImpl>(shell_, announcements, context.log(), implementation.placement,
                                                     implementation.lease_held_until, implementation.hold_partitions,
                                                     implementation.compare_maps, implementation.newest_map);

  if (auto provided = context.provide<ILocator>(locator); !provided.ok()) return provided;
  const ServiceSpec clients{
      .idl = "locator.Locator", .extends = {"locator.Base"}, .dispatch = Dispatch::io, .part = ""};
  auto served =
      serve(context, clients, [&](Methods& methods) { add_locator_methods(methods, context, clients, locator); });
  if (!served.ok()) return served;
  const ServiceSpec nodes{
      .idl = implementation.peer_idl, .extends = {}, .dispatch = Dispatch::io, .part = "peer", .nodes_only = true};
  served = serve(context, nodes, [&](Methods& methods) { implementation.add_peer_methods(methods, shell_); });
  if (!served.ok()) return served;
  served = serve(context, {.idl = "locator.Ring", .extends = {}, .dispatch = Dispatch::io, .part = "ring"},
                 [&](Methods& methods) { wire::add_ring_methods(methods, locator, implementation.level_in_force); });
  if (!served.ok()) return served;
  for (const Implementation::Part& part : implementation.parts) {
    served = serve(context, part.spec, part.add_methods);
    if (!served.ok()) return served;
  }
  context.metrics().show_gauge({"members", "Members that the ring shows."},
                               [changes] { return static_cast<double>(changes->view().members().size()); });
  context.metrics().show_counter({"view_changes_total", "Changes of the ring."},
                                 [changes] { return static_cast<double>(changes->view_changes()); });
  return Done{};
}

std::optional<Reconfigured> LocatorPlugin::would_reconfigure(const Config& config) {
  const auto is_live = [&](const std::string& key) {
    return std::ranges::find(live_options_, key) != live_options_.end();
  };
  return std::ranges::all_of(config_.differing_keys(config), is_live) ? Reconfigured::applied
                                                                      : Reconfigured::needs_restart;
}

Result<Reconfigured> LocatorPlugin::reconfigure(const Config& config) {
  if (would_reconfigure(config) != Reconfigured::applied) return Reconfigured::needs_restart;
  config_ = config;
  apply_options_(config);
  return Reconfigured::applied;
}

void LocatorPlugin::stop() {
  if (shell_ != nullptr) shell_->halt();
  shell_.reset();
  apply_options_ = nullptr;
}

}  // namespace p2p::ring
