// The store plugin: where its objects meet, in reading order.
#include "moving/mover.h"
#include "moving/store_layer.h"
#include "serving/store.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>

#include <memory>
#include <random>

namespace p2p::diststore {
namespace {

// Above the locator's own, which is the ring itself; below that of services that store their state in ours.
constexpr int kLayerPriority = 100;

class DiststorePlugin final : public Plugin {
 public:
  Result<Done> start(Context& context) override {
    const StoreOptions options = read_options(context.config());
    const auto locator = context.require<ILocator>();
    local_ = std::make_shared<LocalStore>(options, context.node().self.name(), random_seed());
    retries_ = std::make_shared<RetryQueue>(context.strand("retries"));
    router_ = std::make_shared<Router>(context.log(), locator, retries_, options.forward_timeout);
    const std::string peer_service = context.service_name() + ".peer";
    const auto store =
        std::make_shared<Store>(Store{options, peer_service, locator, context.peers(), local_, retries_, router_});
    mover_ = std::make_shared<Mover>(context.log(), context.strand("moves"), store);
    layer_ = locator->push_layer(kLayerPriority, context.service_name(), std::make_shared<StoreLayer>(mover_));
    show_gauges(context);
    return serve(context, store);
  }

  void stop() override {
    layer_.reset();
    if (mover_) mover_->stop();
    if (router_) router_->stop();
    if (retries_) retries_->stop();
    mover_.reset();
    router_.reset();
    retries_.reset();
    local_.reset();
  }

 private:
  static std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
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
    add_peer_methods(*peer_methods, store, mover_);
    return context.serve(for_peers, peer_methods);
  }

  void show_gauges(Context& context) {
    context.gauge("keys", [local = local_] { return static_cast<std::int64_t>(local->engine().totals().keys); });
    context.gauge("bytes", [local = local_] { return static_cast<std::int64_t>(local->engine().totals().bytes); });
    context.gauge("keys_moved_in", [local = local_] { return local->keys_moved_in(); });
    context.gauge("keys_moved_out", [mover = mover_] { return mover->keys_moved_out(); });
    context.gauge("forwarded", [router = router_] { return router->forwarded(); });
  }

  std::shared_ptr<LocalStore> local_;
  std::shared_ptr<RetryQueue> retries_;
  std::shared_ptr<Router> router_;
  std::shared_ptr<Mover> mover_;
  Subscription layer_;
};

}  // namespace
}  // namespace p2p::diststore

// The pieces of the descriptor stand side by side, which a formatter takes for one call within another.
// clang-format off
P2P_PLUGIN(p2p::diststore::DiststorePlugin,
           P2P_NAME("diststore")
           P2P_VERSION(P2P_SDK_VERSION)
           P2P_SUMMARY("a key-value store spread over the network, each key at the node that the locator names")
           P2P_REQUIRES("p2p.locator.ILocator/1")
           P2P_SERVES("diststore.Store")
           P2P_OPTION("engine", "choice", "memory", "memory", "where values lie; memory: gone when the last node ends")
           P2P_OPTION("key_bytes_max", "bytes", "64KiB", "16B..1MiB", "longer keys are refused")
           P2P_OPTION("value_bytes_max", "bytes", "8MiB", "1KiB..256MiB",
                      "larger values are refused; with its key a value must fit into [host] frame_bytes_max")
           P2P_OPTION("batch_keys_max", "int", "10000", "1..100000", "more keys in one batch call are refused")
           P2P_OPTION("forward_timeout", "duration", "1s", "10ms..60s",
                      "how long another node may take for a call before it is tried again")
           P2P_OPTION("transfer_batch_bytes", "bytes", "256KiB", "4KiB..4MiB",
                      "keys that change their owner travel in batches of this size")
           P2P_OPTION("transfer_batches_in_flight", "int", "4", "1..64", "batches that may wait for their confirmation"))
// clang-format on
