#include "moving/mover.h"

#include <p2p/handlers.h>

#include <StorePeer.h>

#include <algorithm>

namespace p2p::diststore {
namespace {

// Keys looked at before other work gets its turn on the I/O thread: about 60 us with a classic ring's 150 ns an owner.
constexpr std::size_t kKeysPerStep = 256;

// A batch of the default size takes milliseconds; a receiver that needs seconds is busy, not slow to the bone.
constexpr Duration kTransferTimeout = std::chrono::seconds(5);

// A receiver that refused may be about to listen, or about to be removed from the ring: soon first, seldom later.
constexpr Duration kRetryPauseMin = std::chrono::milliseconds(50);
constexpr Duration kRetryPauseMax = std::chrono::seconds(2);

// By then a handler that asked an older view who owns its key has long stored it, and two nodes whose views differ, and
// which could hand a key back and forth, have compared them.
constexpr Duration kSettlingPause = std::chrono::seconds(1);

}  // namespace

Mover::Mover(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<Store> store)
    : log_(log), strand_(std::move(strand)), store_(std::move(store)), retry_pause_(kRetryPauseMin) {}

void Mover::look() {
  strand_->post([mover = shared_from_this()] {
    mover->is_settling_ = true;
    if (mover->pass_) {
      mover->is_wanted_ = true;
    } else {
      mover->begin_pass();
    }
  });
}

void Mover::look_later() {
  strand_->post([mover = shared_from_this()] {
    if (!mover->timer_) mover->begin_pass_after(kSettlingPause);
  });
}

void Mover::hand_over(std::shared_ptr<const RingView> ring_without_self, Completion done) {
  const auto kept = std::make_shared<Completion>(std::move(done));
  strand_->post([mover = shared_from_this(), ring = std::move(ring_without_self), kept] {
    mover->ring_without_self_ = ring;
    mover->handed_over_ = std::move(*kept);
    mover->retry_pause_ = kRetryPauseMin;
    if (!mover->pass_) mover->begin_pass();  // else the pass under way ends first
  });
}

void Mover::stop() {
  is_stopped_.store(true, std::memory_order_relaxed);
  strand_->post([mover = shared_from_this()] {
    mover->timer_.reset();
    mover->handed_over_();
  });
}

void Mover::begin_pass() {
  if (pass_ || is_stopped_.load(std::memory_order_relaxed)) return;
  timer_.reset();
  is_wanted_ = false;
  pass_.emplace(ring_without_self_ ? ring_without_self_ : store_->locator->shared_view(),
                store_->options.transfer_batch_bytes);
  step();
}

void Mover::begin_pass_after(Duration pause) {
  timer_ = strand_->after(pause, [weak = weak_from_this()] {
    if (const auto mover = weak.lock()) mover->begin_pass();
  });
}

void Mover::post_step() {
  strand_->post([mover = shared_from_this()] { mover->step(); });
}

// Sends while there is room in flight; looks for more keys only while nothing waits to be sent.
void Mover::step() {
  if (!pass_ || is_stopped_.load(std::memory_order_relaxed)) return;
  while (pass_->plan.has_batch() && pass_->batches_in_flight < store_->options.transfer_batches_in_flight) {
    send(pass_->plan.take_batch());
  }
  if (pass_->plan.has_batch()) return;  // replied() continues
  if (!pass_->scanned.at_end) {
    scan_some();
    post_step();
  } else if (pass_->batches_in_flight == 0) {
    end_pass();
  }
}

void Mover::scan_some() {
  std::vector<HeldKey> held;
  store_->local->engine().scan(pass_->scanned, kKeysPerStep, held);
  pass_->plan.add(*pass_->view, std::move(held), unreachable_);
  if (pass_->scanned.at_end) pass_->plan.close();
}

void Mover::send(MoveBatch batch) {
  if (pass_->failed.count(batch.to) > 0) return;
  wire::StorePeer_transfer_args args;
  args.items = fill(batch);
  if (args.items.empty()) return;
  ++pass_->batches_in_flight;
  const auto sent = std::make_shared<const MoveBatch>(std::move(batch));
  store_->peers.call(sent->to, store_->peer_service, encode_call("transfer", args), kTransferTimeout,
                     [mover = shared_from_this(), sent](Result<std::string> reply) {
                       mover->strand_->post([mover, sent, reply = std::move(reply)] { mover->replied(*sent, reply); });
                     });
}

// The values as they are now; keys that have gone since the scan leave the batch.
std::vector<wire::Item> Mover::fill(MoveBatch& batch) const {
  std::vector<wire::Item> items;
  items.reserve(batch.keys.size());
  std::erase_if(batch.keys, [&](HeldKey& held) {
    wire::Item item;
    if (!store_->local->engine().copy(held.key, item.value, held.version)) return true;
    item.key = held.key;
    item.__set_version(to_wire(held.version));
    held.bytes = item.key.size() + item.value.size();
    items.push_back(std::move(item));
    return false;
  });
  return items;
}

void Mover::replied(const MoveBatch& batch, const Result<std::string>& reply) {
  if (!pass_ || is_stopped_.load(std::memory_order_relaxed)) return;
  --pass_->batches_in_flight;
  if (!reply.ok()) {
    if (reply.error().kind == ErrorKind::refused) note_unreachable(batch.to);
    failed(batch, reply.error());
  } else if (auto decoded = decode_reply<wire::StorePeer_transfer_result>(reply.value()); !decoded.ok()) {
    failed(batch, decoded.error());
  } else if (const wire::TransferReply& taken = decoded.value().success;
             static_cast<std::size_t>(taken.stored) + static_cast<std::size_t>(taken.kept) != batch.keys.size()) {
    failed(batch, Error{ErrorKind::protocol, "the reply does not account for every key"});
  } else {
    confirmed(batch);
  }
  step();
}

void Mover::failed(const MoveBatch& batch, const Error& error) {
  log_.warn("{} keys for {} stay here for now: {}", batch.keys.size(), batch.to.name(), error.text);
  pass_->failed.insert(batch.to);
}

// Nobody listens there; a receiver that is there and says no is not meant. The ring by which this node leaves is final
// and goes on naming it, hence the note for the passes to come.
void Mover::note_unreachable(const Location& receiver) {
  store_->router->report_unreachable(receiver);
  if (ring_without_self_) unreachable_.insert(receiver);
}

// The ring may have changed back while the batch was on its way: then the key is ours, and stays.
void Mover::confirmed(const MoveBatch& batch) {
  const RingView& view = ring_without_self_ ? *ring_without_self_ : store_->locator->view();
  Moved& moved = pass_->moved[batch.to];
  for (const HeldKey& held : batch.keys) {
    if (view.owner_of(held.key).is_self) continue;
    if (!store_->local->engine().erase_unchanged(held.key, held.version)) {
      is_wanted_ = true;  // written again, or erased, since it was sent
      continue;
    }
    ++moved.keys;
    moved.bytes += held.bytes;
    keys_moved_out_.fetch_add(1, std::memory_order_relaxed);
  }
}

void Mover::end_pass() {
  const Pass ended = std::move(*pass_);
  pass_.reset();
  for (const auto& [to, moved] : ended.moved) {
    if (moved.keys > 0) log_.info("moved {} keys ({} bytes) to {}", moved.keys, moved.bytes, to.name());
  }
  if (!ended.failed.empty()) return retry();
  retry_pause_ = kRetryPauseMin;
  if (ring_without_self_) return go_on_leaving(ended);
  if (is_wanted_) return begin_pass();
  if (std::exchange(is_settling_, false)) begin_pass_after(kSettlingPause);
}

void Mover::retry() {
  begin_pass_after(retry_pause_);
  retry_pause_ = std::min(2 * retry_pause_, kRetryPauseMax);
}

// Calls of other nodes arrive until they hear that we leave, hence: pass after pass until one finds nothing, then
// nothing new is accepted, then one more for what came in between.
void Mover::go_on_leaving(const Pass& ended) {
  const bool was_by_final_ring = ended.view == ring_without_self_;
  if (!was_by_final_ring || !ended.moved.empty()) return begin_pass();
  if (!is_sealed_) {
    is_sealed_ = true;
    store_->local->engine().seal();
    return begin_pass();
  }
  if (ended.plan.homeless() > 0) {
    log_.warn("{} keys end with this node: there is no other to take them", ended.plan.homeless());
  }
  handed_over_();
}

}  // namespace p2p::diststore
