#include "moving/sweeper.h"

#include <algorithm>
#include <chrono>

namespace p2p::diststore {
namespace {

// How often the number of tombstones is looked at, to see whether there are too many.
constexpr Duration kLookPause = std::chrono::seconds(1);

// Keys looked at before other work gets its turn on the I/O thread: no owner is computed, so more than a mover looks
// at.
constexpr std::size_t kSweptPerStep = 1'024;

}  // namespace

void Sweeper::start() {
  strand_->post([sweeper = shared_from_this()] {
    sweeper->timer_ = sweeper->strand_->every(kLookPause, [weak = sweeper->weak_from_this()] {
      if (const auto alive = weak.lock()) alive->look();
    });
  });
}

void Sweeper::stop() {
  strand_->post([sweeper = shared_from_this()] { sweeper->timer_.reset(); });
}

// A census needs a few small messages to every node, hence one a grace, unless tombstones pile up: then those that
// every node is done with go without grace.
void Sweeper::look() {
  if (is_counting_) return;
  since_look_ += kLookPause;
  const std::uint64_t tombstones = store_->local->engine().totals().tombstones;
  const bool are_too_many = tombstones > store_->options.tombstones_max;
  const Duration grace = are_too_many ? Duration::zero() : store_->options.tombstone_grace;
  if (tombstones == 0 || since_look_ < grace) return;
  is_counting_ = true;
  since_look_ = Duration::zero();
  const auto grace_ms = std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
  erased_before_ms_ = wall_clock_ms() - static_cast<std::uint64_t>(grace_ms);
  watch_->begin_census([sweeper = shared_from_this()] {
    sweeper->scanned_ = {};
    sweeper->sweep_some();
  });
}

void Sweeper::sweep_some() {
  // This node has to be clean as well: a tombstone that is another node's goes there, where it may be needed yet.
  if (!mover_->is_clean(store_->standing->read().era)) {
    is_counting_ = false;
    return;
  }
  std::vector<HeldKey> held;
  MemoryEngine& engine = store_->local->engine();
  engine.scan(scanned_, kSweptPerStep, held);
  const bool awaits_keys = !store_->standing->read().gains.empty();
  for (const HeldKey& key : held) {
    if (!key.is_erased) continue;
    // One without a version only says that nothing has lain here since the last gain.
    const bool is_due =
        key.version == Version() ? !awaits_keys : milliseconds_of(key.version.stamp) < erased_before_ms_;
    if (is_due) engine.remove_unchanged(key.key, key.version);
  }
  if (scanned_.at_end) {
    is_counting_ = false;
    return;
  }
  strand_->post([sweeper = shared_from_this()] { sweeper->sweep_some(); });
}

}  // namespace p2p::diststore
