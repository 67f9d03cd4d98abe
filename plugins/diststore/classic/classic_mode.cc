#include "classic/classic_mode.h"

#include "classic/classic_keys.h"
#include "classic/classic_routing.h"
#include "classic/classic_scans.h"
#include "classic/peer_transfer.h"
#include "classic/receipt_wire.h"
#include "classic/store_layer.h"
#include "serving/wall_clock.h"

#include <p2p/drain.h>

#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

namespace p2p::diststore {
namespace {

// Above the locator's own, which is the ring itself; below that of services that store their state in ours.
constexpr int kLayerPriority = 100;

// Until the locator shows a ring, this node owns nothing.
std::shared_ptr<const OwnershipSnapshot> first_ownership(const NodeAddress& self, const ILocator& locator) {
  auto empty = std::make_shared<OwnershipSnapshot>();
  empty->self = self;
  empty->ring = locator.ring_of({});
  return empty;
}

std::shared_ptr<ClassicStore> make_store(StoreParts parts, std::shared_ptr<Engine> engine,
                                         std::shared_ptr<ILocator> locator, std::shared_ptr<ClassicPeers> classics) {
  auto local = std::make_shared<LocalStore>(parts.self.name(), std::move(engine));
  const auto ownership = std::make_shared<Snapshot<OwnershipSnapshot>>(first_ownership(parts.self, *locator));
  return std::make_shared<ClassicStore>(
      ClassicStore{std::move(parts), std::move(local), std::move(locator), std::move(classics), ownership});
}

// Another one in each process, as long as none starts twice in a millisecond. Not by chance: a simulation's seeds would
// stand for other runs.
std::uint64_t number_of_engine(const NodeAddress& self) {
  return wall_clock_ms() ^ std::hash<std::string>()(self.name());
}

}  // namespace

ClassicMode::ClassicMode(Context& context, StoreParts parts, std::shared_ptr<Engine> engine,
                         std::shared_ptr<ILocator> locator, std::shared_ptr<ClassicPeers> classics)
    : receipts_file_(context.node().data_dir / (context.service_name() + ".receipts.jsonl")),
      store_(make_store(std::move(parts), std::move(engine), std::move(locator), std::move(classics))),
      routing_(std::make_shared<ClassicRouting>(store_)),
      keys_(std::make_shared<ClassicKeys>(store_)),
      receipts_(std::make_shared<ReceiptBook>()),
      strand_(context.strand("moves")),
      watch_(std::make_shared<RingWatch>(context.log(), strand_, store_)),
      rebalancer_(std::make_shared<Rebalancer>(context.log(), strand_, store_, receipts_, context.find<Drain>())),
      scans_(std::make_shared<ClassicScans>(
          store_, number_of_engine(store_->self),
          [rebalancer = rebalancer_](ViewVersion view) { return rebalancer->is_handed_over(view); })),
      tombstone_collector_(std::make_shared<TombstoneCollector>(strand_, store_, watch_, rebalancer_)) {}

Result<Done> ClassicMode::start(Context& context) {
  rebalancer_->start();
  // A put of the 2009 system expects no answer, so its caller would not notice a refusal; and a node of that system
  // does nothing else until its ping is answered.
  const auto drain = context.find<Drain>();
  drain->always_take({"put", "ping"});
  drain->when_over([rebalancer = rebalancer_] { return rebalancer->give_up(); });
  layer_ =
      store_->locator->push_layer(kLayerPriority, context.service_name(), std::make_shared<StoreLayer>(rebalancer_));
  views_ = store_->locator->subscribe(context.service_name(),
                                      [watch = watch_, rebalancer = rebalancer_](const RingChange& change) {
                                        watch->ring_changed(change.view);
                                        rebalancer->rescan();
                                      });
  watch_->begin(store_->locator->shared_view());
  rebalancer_->rescan();  // a node that stays alone sees no change
  show_gauges(context);
  tombstone_collector_->start();
  return Done{};
}

void ClassicMode::add_methods(Methods& methods) { add_transfer_methods(methods, store_, rebalancer_, receipts_); }

void ClassicMode::when_established(Completion done) {
  auto kept = std::make_shared<Completion>(std::move(done));
  store_->locator->when_joined([watch = watch_, kept] { watch->joined(std::move(*kept)); });
}

Result<Done> ClassicMode::may_end() const {
  const std::size_t keys = store_->local->engine().totals().keys;
  if (keys == 0) return Done{};
  return Error{ErrorKind::invalid, fmt::format("it holds {} keys, which would be lost: no other node takes them while "
                                               "this one is a member; let the node leave instead",
                                               keys)};
}

void ClassicMode::stop() {
  layer_.reset();
  views_.reset();
  tombstone_collector_->stop();
  watch_->stop();
  rebalancer_->stop();
  leave_receipts_behind();
}

// So that they can be compared after this node has ended.
void ClassicMode::leave_receipts_behind() const {
  const std::vector<Receipt> all = receipts_->all();
  if (all.empty()) return;
  std::ofstream file(receipts_file_, std::ios::trunc);
  for (const Receipt& receipt : all) file << to_json(receipt) << '\n';
}

void ClassicMode::show_gauges(Context& context) {
  context.gauge("awaits_keys_from", [ownership = store_->ownership] {
    return static_cast<std::int64_t>(ownership->share()->all_sources().size());
  });
  Metrics& metrics = context.metrics();
  metrics.show_counter(
      {"stamps_too_far_ahead_total", "Versions that were not taken because their time is too far ahead."},
      [local = store_->local] { return static_cast<double>(local->stamps_too_far_ahead()); });
  show_progress(context);
  const auto moved = [](const char* direction) {
    return Metric{"keys_moved_total", "Keys that changed their owner.", {{"direction", direction}}};
  };
  metrics.show_counter(moved("in"), [local = store_->local] { return static_cast<double>(local->keys_moved_in()); });
  metrics.show_counter(moved("out"),
                       [rebalancer = rebalancer_] { return static_cast<double>(rebalancer->keys_moved_out()); });
}

// 0 unless keys are on the move.
void ClassicMode::show_progress(Context& context) {
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

}  // namespace p2p::diststore
