#include "locator_plugin.h"

#include "placement/classic_ring.h"
#include "ring/ring_changes.h"
#include "wire/ring_service.h"

#include <p2p/handlers.h>

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
                                                     implementation.lease_held_until);

  if (auto provided = context.provide<ILocator>(locator); !provided.ok()) return provided;
  const ServiceSpec clients{
      .idl = "locator.Locator", .extends = {"locator.Base"}, .dispatch = Dispatch::io, .part = ""};
  auto served =
      serve(context, clients, [&](Methods& methods) { add_locator_methods(methods, context, clients, locator); });
  if (!served.ok()) return served;
  served = serve(context, {.idl = implementation.peer_idl, .extends = {}, .dispatch = Dispatch::io, .part = "peer"},
                 [&](Methods& methods) { implementation.add_peer_methods(methods, shell_); });
  if (!served.ok()) return served;
  served = serve(context, {.idl = "locator.Ring", .extends = {}, .dispatch = Dispatch::io, .part = "ring"},
                 [&](Methods& methods) { wire::add_ring_methods(methods, locator); });
  if (!served.ok()) return served;
  for (const Implementation::Part& part : implementation.parts) {
    served = serve(context, part.spec, part.add_methods);
    if (!served.ok()) return served;
  }
  context.gauge("members", [changes] { return static_cast<std::int64_t>(changes->view().members().size()); });
  context.gauge("view_changes", [changes] { return changes->view_changes(); });
  return Done{};
}

void LocatorPlugin::stop() {
  if (shell_ != nullptr) shell_->halt();
  shell_.reset();
}

}  // namespace p2p::ring
