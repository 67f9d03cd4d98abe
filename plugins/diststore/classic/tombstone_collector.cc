#include "classic/tombstone_collector.h"

#include <p2p/thread_check.h>

#include <algorithm>
#include <chrono>

namespace p2p::diststore {
namespace {

// How often the number of tombstones is checked against its limit.
constexpr Duration kRoundPause = std::chrono::seconds(1);

// Keys scanned before other work gets its turn on the I/O thread: no owner is computed, so more than the rebalancer
// scans.
constexpr std::size_t kCollectedPerStep = 1'024;

}  // namespace

void TombstoneCollector::start() {
  strand_->post([tombstone_collector = shared_from_this()] {
    tombstone_collector->timer_ =
        tombstone_collector->strand_->every(kRoundPause, [weak = tombstone_collector->weak_from_this()] {
          if (const auto alive = weak.lock()) alive->run();
        });
  });
}

void TombstoneCollector::stop() {
  strand_->post([tombstone_collector = shared_from_this()] { tombstone_collector->timer_.reset(); });
}

// A tombstone check needs a few small messages to every node, hence one per grace period, unless tombstones pile up:
// then those that no node needs any more go without grace.
void TombstoneCollector::run() {
  P2P_ASSERT_THREAD(strand_->is_current());
  if (is_counting_) return;
  since_round_ += kRoundPause;
  const std::uint64_t tombstones = store_->local->engine().totals().tombstones;
  const bool are_too_many = tombstones > store_->options.tombstones_max;
  const Duration grace = are_too_many ? Duration::zero() : store_->options.tombstone_grace;
  if (tombstones == 0 || since_round_ < grace) return;
  is_counting_ = true;
  since_round_ = Duration::zero();
  const auto grace_ms = std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
  erased_before_ms_ = wall_clock_ms() - static_cast<std::uint64_t>(grace_ms);
  // Weakly: the watch keeps this until the check is done, and this keeps the watch.
  watch_->begin_tombstone_check([weak = weak_from_this()] {
    const auto alive = weak.lock();
    if (!alive) return;
    alive->scanned_ = {};
    alive->collect_some();
  });
}

void TombstoneCollector::collect_some() {
  P2P_ASSERT_THREAD(strand_->is_current());
  // This node must have handed over fully as well (H23): another node's tombstone moves there, where it may still be
  // needed.
  if (!rebalancer_->is_handed_over(store_->ownership->read().view_version)) {
    is_counting_ = false;
    return;
  }
  if (const auto collected = collect_step(); !collected.ok()) {
    log_engine_failure(*store_->forwarder, "forgetting erased keys", collected.error());
    scanned_.at_end = true;  // the next tombstone check retries it
  }
  if (scanned_.at_end) {
    is_counting_ = false;
    return;
  }
  strand_->post([tombstone_collector = shared_from_this()] { tombstone_collector->collect_some(); });
}

Result<Done> TombstoneCollector::collect_step() {
  std::vector<StoredKey> due;
  const auto take = [&](const EntryView& entry) {
    // One without a version only says that the key was missing when it was asked for: it has no grace (H24).
    if (entry.is_erased && milliseconds_of(entry.version.stamp) < erased_before_ms_) due.push_back(entry.copy());
    return true;
  };
  Engine& engine = store_->local->engine();
  if (auto scanned = engine.scan(kAllPartitions, scanned_, kCollectedPerStep, take); !scanned.ok()) return scanned;
  std::vector<Change> removals;
  for (const StoredKey& key : due) removals.push_back(Change::remove(key.key, key.version));
  return engine.apply(removals);
}

}  // namespace p2p::diststore
