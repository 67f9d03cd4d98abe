// The store plugin: where its objects meet, in reading order.
#include "agreed/agreed_mode.h"
#include "agreed/replica_shell.h"
#include "classic/classic_mode.h"
#include "engine/memory/memory_engine.h"
#include "placement/partition_table.h"
#include "serving/memory_max.h"
#include "serving/random_number.h"
#include "serving/store.h"
#include "serving/store_mode.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <fmt/format.h>

#include <functional>
#include <memory>

namespace p2p::diststore {
namespace {

// Such a value could be accepted from a client, but not sent to any other node.
Error does_not_fit(const Config& config, const StoreOptions& options) {
  return config.wrong(
      "value_bytes_max",
      fmt::format("value_bytes_max = {} and key_bytes_max = {} are more than {}, which is what five eighths of a "
                  "message have room for; lower them, or raise [host] frame_bytes_max",
                  format_bytes(options.value_bytes_max), format_bytes(options.key_bytes_max),
                  format_bytes(options.item_bytes_max)));
}

// The engine named by [config] engine.
std::unique_ptr<Engine> make_engine(std::string_view name) {
  P2P_ASSERT(name == "memory", "the descriptor allows no other engine");
  return std::make_unique<MemoryEngine>(random_number());
}

class DiststorePlugin final : public Plugin {
 public:
  Result<Done> fits(const Config& config, const NodeInfo& node) override {
    if (const auto limit = parse_memory_max(config.text("memory_max")); !limit.ok())
      return config.wrong("memory_max", limit.error().text);
    const StoreOptions options = read_options(config, node.message_bytes_max);
    if (options.key_bytes_max + options.value_bytes_max <= options.item_bytes_max) return Done{};
    return does_not_fit(config, options);
  }

  Result<Done> start(Context& context) override {
    const auto locator = context.require<ILocator>();
    engine_ = make_engine(context.config().text("engine"));
    const auto partitions = placement::partitions_named(locator->placement());
    const auto parts = partitions ? choose_agreed(context, locator, *partitions) : choose_classic(context, locator);
    if (!parts.ok()) return parts.error();
    if (auto started = mode_->start(context); !started.ok()) return started;
    if (auto provided = context.provide<IStore>(mode_->spaces()); !provided.ok()) return provided;
    show_gauges(context);
    return serve(context,
                 std::make_shared<Store>(Store{parts.value(), mode_->routing(), mode_->keys(), mode_->scans()}),
                 locator);
  }

  void ready(Completion done) override { mode_->when_established(std::move(done)); }

  void drain(Completion done) override {
    mode_->begin_leave();
    done();
  }

  Result<Done> may_end() override { return mode_->may_end(); }

  void stop() override {
    if (mode_) mode_->stop();
    if (forwarder_) forwarder_->stop();
    mode_.reset();
    forwarder_.reset();
    engine_.reset();
  }

 private:
  // Each makes the mode, and what it shares with the path of a call.
  Result<StoreParts> choose_classic(Context& context, const std::shared_ptr<ILocator>& locator) {
    const auto classics = std::make_shared<ClassicPeers>(context.peers(), context.strand("moves"));
    StoreParts parts = make_parts(context, locator, [classics](const NodeAddress& node) { classics->remember(node); });
    mode_ = std::make_unique<ClassicMode>(context, parts, engine_, locator, classics);
    return parts;
  }
  Result<StoreParts> choose_agreed(Context& context, const std::shared_ptr<ILocator>& locator,
                                   std::uint32_t partitions) {
    if (auto fit = agreed::fits_partitions(partitions); !fit.ok()) return fit.error();
    if (auto fit = agreed::fits_messages(context.node().message_bytes_max); !fit.ok()) return fit.error();
    const auto limit = parse_memory_max(context.config().text("memory_max"));
    if (!limit.ok()) return context.config().wrong("memory_max", limit.error().text);
    StoreParts parts = make_parts(context, locator, nullptr);
    parts.options.reserves_keys = true;
    mode_ = std::make_unique<agreed::AgreedMode>(
        parts, locator, context.service_name(),
        agreed::make_replica_shell(context, engine_, locator, limit.value().of(memory_of_machine())));
    return parts;
  }

  StoreParts make_parts(Context& context, const std::shared_ptr<ILocator>& locator,
                        std::function<void(const NodeAddress&)> note_foreign) {
    const StoreOptions options = read_options(context.config(), context.node().message_bytes_max);
    const auto retries = std::make_shared<RetryQueue>(context.strand("retries"));
    forwarder_ =
        make_store_forwarder(context.log(), locator, retries, options.forward_timeout, std::move(note_foreign));
    return {options, context.node().self, context.service_name() + ".peer",      context.peers(),
            retries, forwarder_,          KeyCounts::shown_in(context.metrics())};
  }

  Result<Done> serve(Context& context, const std::shared_ptr<Store>& store, const std::shared_ptr<ILocator>& locator) {
    const ServiceSpec for_clients{.idl = "diststore.Store",
                                  .extends = {"locator.Base", "locator.Locator"},
                                  .dispatch = Dispatch::io,
                                  .concurrent = false,
                                  .part = ""};
    const auto client_methods = std::make_shared<Methods>();
    add_locator_methods(*client_methods, context, for_clients, locator);
    add_single_methods(*client_methods, store);
    add_batch_methods(*client_methods, store);
    add_scan_methods(*client_methods, store);
    if (auto served = context.serve(for_clients, client_methods); !served.ok()) return served;

    const ServiceSpec for_peers{
        .idl = "diststore.StorePeer", .extends = {}, .dispatch = Dispatch::io, .concurrent = false, .part = "peer"};
    const auto peer_methods = std::make_shared<Methods>();
    add_part_methods(*peer_methods, store);
    mode_->add_methods(*peer_methods);
    return context.serve(for_peers, peer_methods);
  }

  void show_gauges(Context& context) {
    Metrics& metrics = context.metrics();
    const auto show = [&](const char* name, const char* help, std::uint64_t EngineTotals::*figure) {
      metrics.show_gauge({name, help},
                         [engine = engine_, figure] { return static_cast<double>(engine->totals().*figure); });
    };
    show("keys", "Keys that have a value here.", &EngineTotals::keys);
    show("bytes", "Bytes of keys and values.", &EngineTotals::bytes);
    show("tombstones", "Erased keys that are remembered.", &EngineTotals::tombstones);
    metrics.show_gauge({"memory_bytes", "Memory that the engine takes."},
                       [engine = engine_] { return static_cast<double>(engine->memory_bytes()); });
    metrics.show_counter({"forwarded_total", "Calls that were sent on to the owner of their key."},
                         [forwarder = forwarder_] { return static_cast<double>(forwarder->forwarded()); });
  }

  std::shared_ptr<Engine> engine_;
  std::shared_ptr<Forwarder> forwarder_;
  std::unique_ptr<StoreMode> mode_;
};

}  // namespace
}  // namespace p2p::diststore

// The descriptor's pieces stand side by side, which a formatter takes for nested calls.
// clang-format off
P2P_PLUGIN(p2p::diststore::DiststorePlugin,
           P2P_NAME("diststore")
           P2P_VERSION(P2P_SDK_VERSION)
           P2P_SUMMARY("a key-value store spread over the network, each key at the node that the locator names")
           P2P_REQUIRES("p2p.locator.ILocator/3")
           P2P_PROVIDES("p2p.diststore.IStore/1")
           P2P_SERVES("diststore.Store")
           P2P_MOVES_STATE
           P2P_OPTION("engine", "choice", "memory", "memory", "where values lie; memory: gone when the last node ends")
           P2P_OPTION("key_bytes_max", "bytes", "64KiB", "16B..1MiB", "longer keys are refused")
           P2P_OPTION("value_bytes_max", "bytes", "8MiB", "1KiB..256MiB",
                      "larger values are refused; with its key at most five eighths of [host] frame_bytes_max")
           P2P_OPTION("batch_keys_max", "int", "10000", "1..100000", "more keys in one batch call are refused; "
                      "fewer where their results would not fit [host] frame_bytes_max")
           P2P_OPTION("forward_timeout", "duration", "1s", "10ms..60s",
                      "how long another node may take for a read before it is tried again")
           P2P_OPTION("transfer_batch_bytes", "bytes", "256KiB", "4KiB..4MiB",
                      "mode classic: keys that change their owner travel in batches of this size")
           P2P_OPTION("transfer_batches_in_flight", "int", "4", "1..64",
                      "mode classic: batches that may wait for their confirmation")
           P2P_OPTION("transfer_share", "int", "60", "1..100",
                      "mode classic: percent of one thread's time that handing over may take; the rest is left to "
                      "clients")
           P2P_OPTION("tombstone_grace", "duration", "1m", "0s..24h",
                      "mode classic: how long an erased key is remembered at least, so that an older value cannot "
                      "bring it back")
           P2P_OPTION("tombstones_max", "int", "1000000", "0..1000000000",
                      "mode classic: with more erased keys than these, those that every node is done with are "
                      "forgotten at once")
           P2P_OPTION("key_log_bytes_max", "bytes", "64MiB", "64KiB..16GiB",
                      "mode agreed: the keys of the last writes are kept for copies that were out for a while")
           P2P_OPTION("memory_max", "text", "80%", "",
                      "mode agreed: memory that values may take: a size, a share of what the machine has, or none; "
                      "writes that would pass it are refused")
           P2P_OPTION("replication_queue_bytes_max", "bytes", "64MiB", "1MiB..16GiB",
                      "mode agreed: a node for which more waits to be sent loses its copies for a while"))
// clang-format on
