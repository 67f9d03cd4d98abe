// The store plugin: where its objects meet, in reading order.
#include "engine/memory/memory_engine.h"
#include "moving/peer_transfer.h"
#include "moving/rebalancer.h"
#include "moving/receipt_wire.h"
#include "moving/ring_watch.h"
#include "moving/store_layer.h"
#include "moving/tombstone_collector.h"
#include "serving/random_number.h"
#include "serving/store.h"

#include <p2p/drain.h>
#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>

namespace p2p::diststore {
namespace {

// Above the locator's own, which is the ring itself; below that of services that store their state in ours.
constexpr int kLayerPriority = 100;

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
    const StoreOptions options = read_options(config, node.message_bytes_max);
    if (options.key_bytes_max + options.value_bytes_max <= options.item_bytes_max) return Done{};
    return does_not_fit(config, options);
  }

  Result<Done> start(Context& context) override {
    receipts_file_ = context.node().data_dir / (context.service_name() + ".receipts.jsonl");
    const StoreOptions options = read_options(context.config(), context.node().message_bytes_max);
    const NodeAddress self = context.node().self;
    locator_ = context.require<ILocator>();
    local_ = std::make_shared<LocalStore>(options, self.name(), make_engine(context.config().text("engine")));
    const auto retries = std::make_shared<RetryQueue>(context.strand("retries"));
    const auto strand = context.strand("moves");
    const auto classics = std::make_shared<ClassicPeers>(context.peers(), strand);
    router_ = make_router(context.log(), locator_, retries, classics, options.forward_timeout);
    const auto ownership = std::make_shared<Snapshot<OwnershipSnapshot>>(first_ownership(self));
    const std::string peer_service = context.service_name() + ".peer";
    const auto store = std::make_shared<Store>(
        Store{options, self, peer_service, locator_, context.peers(), local_, retries, router_, ownership, classics});
    const auto drain = context.find<Drain>();
    receipts_ = std::make_shared<ReceiptBook>();
    watch_ = std::make_shared<RingWatch>(context.log(), strand, store);
    rebalancer_ = std::make_shared<Rebalancer>(context.log(), strand, store, receipts_, drain);
    rebalancer_->start();
    // A put of the 2009 system expects no answer, so its caller would not notice a refusal; and a node of that system
    // does nothing else until its ping is answered.
    drain->always_take({"put", "ping"});
    drain->when_over([rebalancer = rebalancer_] { return rebalancer->give_up(); });
    tombstone_collector_ = std::make_shared<TombstoneCollector>(strand, store, watch_, rebalancer_);
    follow_the_ring(context);
    show_gauges(context, ownership);
    tombstone_collector_->start();
    return serve(context, store);
  }

  // A joiner is ready when no other node owns its keys any more.
  void ready(Completion done) override {
    auto kept = std::make_shared<Completion>(std::move(done));
    locator_->when_joined([watch = watch_, kept] { watch->joined(std::move(*kept)); });
  }

  // Keys move when the locator takes this node off the ring: see StoreLayer. Before and after that, others may put
  // here.
  void drain(Completion done) override {
    rebalancer_->begin_leave();
    done();
  }

  // As long as this node is a member, the others consider these keys its own.
  Result<Done> may_end() override {
    const std::size_t keys = local_->engine().totals().keys;
    if (keys == 0) return Done{};
    return Error{ErrorKind::invalid,
                 fmt::format("it holds {} keys, which would be lost: no other node takes them while "
                             "this one is a member; let the node leave instead",
                             keys)};
  }

  void stop() override {
    layer_.reset();
    views_.reset();
    if (tombstone_collector_) tombstone_collector_->stop();
    if (watch_) watch_->stop();
    if (rebalancer_) rebalancer_->stop();
    if (router_) router_->stop();
    leave_receipts_behind();
    tombstone_collector_.reset();
    watch_.reset();
    rebalancer_.reset();
    router_.reset();
    local_.reset();
    locator_.reset();
  }

 private:
  // So that they can be compared after this node has ended.
  void leave_receipts_behind() const {
    if (!receipts_) return;
    const std::vector<Receipt> all = receipts_->all();
    if (all.empty()) return;
    std::ofstream file(receipts_file_, std::ios::trunc);
    for (const Receipt& receipt : all) file << to_json(receipt) << '\n';
  }

  // Until the locator shows a ring, this node owns nothing.
  std::shared_ptr<const OwnershipSnapshot> first_ownership(const NodeAddress& self) const {
    auto empty = std::make_shared<OwnershipSnapshot>();
    empty->self = self;
    empty->ring = locator_->ring_of({});
    return empty;
  }

  void follow_the_ring(Context& context) {
    layer_ = locator_->push_layer(kLayerPriority, context.service_name(), std::make_shared<StoreLayer>(rebalancer_));
    views_ = locator_->subscribe(context.service_name(),
                                 [watch = watch_, rebalancer = rebalancer_](const RingChange& change) {
                                   watch->ring_changed(change.view);
                                   rebalancer->rescan();
                                 });
    watch_->begin(locator_->shared_view());
    rebalancer_->rescan();  // a node that stays alone sees no change
  }

  Result<Done> serve(Context& context, const std::shared_ptr<Store>& store) {
    const ServiceSpec for_clients{.idl = "diststore.Store",
                                  .extends = {"locator.Base", "locator.Locator"},
                                  .dispatch = Dispatch::io,
                                  .concurrent = false,
                                  .part = ""};
    const auto client_methods = std::make_shared<Methods>();
    add_locator_methods(*client_methods, context, for_clients, store->locator);
    add_single_methods(*client_methods, store);
    add_batch_methods(*client_methods, store);
    if (auto served = context.serve(for_clients, client_methods); !served.ok()) return served;

    const ServiceSpec for_peers{
        .idl = "diststore.StorePeer", .extends = {}, .dispatch = Dispatch::io, .concurrent = false, .part = "peer"};
    const auto peer_methods = std::make_shared<Methods>();
    add_part_methods(*peer_methods, store);
    add_transfer_methods(*peer_methods, store, rebalancer_, receipts_);
    return context.serve(for_peers, peer_methods);
  }

  void show_gauges(Context& context, const std::shared_ptr<Snapshot<OwnershipSnapshot>>& ownership) {
    context.gauge("keys", [local = local_] { return static_cast<std::int64_t>(local->engine().totals().keys); });
    context.gauge("bytes", [local = local_] { return static_cast<std::int64_t>(local->engine().totals().bytes); });
    context.gauge("tombstones",
                  [local = local_] { return static_cast<std::int64_t>(local->engine().totals().tombstones); });
    context.gauge("awaits_keys_from",
                  [ownership] { return static_cast<std::int64_t>(ownership->share()->all_sources().size()); });
    context.gauge("stamps_too_far_ahead", [local = local_] { return local->stamps_too_far_ahead(); });
    show_progress(context);
    context.gauge("keys_moved", {{"direction", "in"}}, [local = local_] { return local->keys_moved_in(); });
    context.gauge("keys_moved", {{"direction", "out"}},
                  [rebalancer = rebalancer_] { return rebalancer->keys_moved_out(); });
    context.gauge("forwarded", [router = router_] { return router->forwarded(); });
  }

  // 0 unless keys are on the move.
  void show_progress(Context& context) {
    const auto show = [&](const char* name, const Labels& labels, std::int64_t MoveProgress::Figures::*figure) {
      context.gauge(name, labels, [rebalancer = rebalancer_, figure] {
        const auto now = rebalancer->progress().figures(std::chrono::steady_clock::now());
        return now.is_moving ? now.*figure : 0;
      });
    };
    const Labels done{{"state", "done"}};
    const Labels left{{"state", "left"}};
    show("moving_keys", done, &MoveProgress::Figures::keys_done);
    show("moving_keys", left, &MoveProgress::Figures::keys_left);
    show("moving_bytes", done, &MoveProgress::Figures::bytes_done);
    show("moving_bytes", left, &MoveProgress::Figures::bytes_left);
    show("moving_keys_per_s", {}, &MoveProgress::Figures::keys_per_s);
    show("moving_ms_left", {}, &MoveProgress::Figures::ms_left);
  }

  std::filesystem::path receipts_file_;
  std::shared_ptr<ILocator> locator_;
  std::shared_ptr<LocalStore> local_;
  std::shared_ptr<Forwarder> router_;
  std::shared_ptr<ReceiptBook> receipts_;
  std::shared_ptr<RingWatch> watch_;
  std::shared_ptr<Rebalancer> rebalancer_;
  std::shared_ptr<TombstoneCollector> tombstone_collector_;
  Subscription layer_;
  Subscription views_;
};

}  // namespace
}  // namespace p2p::diststore

// The descriptor's pieces stand side by side, which a formatter takes for nested calls.
// clang-format off
P2P_PLUGIN(p2p::diststore::DiststorePlugin,
           P2P_NAME("diststore")
           P2P_VERSION(P2P_SDK_VERSION)
           P2P_SUMMARY("a key-value store spread over the network, each key at the node that the locator names")
           P2P_REQUIRES("p2p.locator.ILocator/2")
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
                      "keys that change their owner travel in batches of this size")
           P2P_OPTION("transfer_batches_in_flight", "int", "4", "1..64", "batches that may wait for their confirmation")
           P2P_OPTION("transfer_share", "int", "60", "1..100",
                      "percent of one thread's time that handing over may take; the rest is left to clients")
           P2P_OPTION("tombstone_grace", "duration", "1m", "0s..24h",
                      "how long an erased key is remembered at least, so that an older value cannot bring it back")
           P2P_OPTION("tombstones_max", "int", "1000000", "0..1000000000",
                      "with more erased keys than these, those that every node is done with are forgotten at once"))
// clang-format on
