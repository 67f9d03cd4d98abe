#include "classic/rebalancer.h"

#include "classic/left_behind.h"
#include "classic/receipt_wire.h"
#include "classic/test_point.h"
#include "serving/random_number.h"

#include <p2p/handlers.h>

#include <StorePeer.h>

#include <fmt/format.h>

#include <algorithm>

namespace p2p::diststore {
namespace {

// Keys scanned before other work gets its turn on the I/O thread: about 100 us, with a classic ring's 150 ns per owner
// and a cache miss for each key.
constexpr std::size_t kKeysPerStep = 64;

// A batch of the default size takes milliseconds; a receiver that needs seconds is busy, not permanently slow.
constexpr Duration kTransferTimeout = std::chrono::seconds(5);

constexpr Duration kRetryPauseMax = std::chrono::seconds(1);
constexpr Duration kProgressPause = std::chrono::seconds(1);

}  // namespace

Rebalancer::Rebalancer(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<ClassicStore> store,
                       std::shared_ptr<ReceiptBook> receipts, std::shared_ptr<Drain> drain)
    : log_(log),
      strand_(std::move(strand)),
      store_(std::move(store)),
      receipts_(std::move(receipts)),
      drain_(std::move(drain)),
      classic_giver_(std::make_shared<ClassicGiver>(log_, strand_, store_)),
      last_words_(std::make_shared<LastWords>(log_, strand_, store_)),
      retry_pause_(kRetryPauseMin),
      last_session_(random_number()) {}

void Rebalancer::rescan() {
  strand_->post([self = shared_from_this()] {
    const ViewVersion view_version = self->store_->ownership->read().view_version;
    self->retry_pause_ = kRetryPauseMin;
    if (self->round_) {
      self->round_->is_void = self->round_->is_void || self->round_->ownership->view_version != view_version;
    } else if (!self->is_handed_over(view_version)) {
      self->begin_round();
    }
  });
}

void Rebalancer::scan_for_receiver() {
  strand_->post([self = shared_from_this()] {
    if (self->round_ || self->timer_) return;  // failed batches are retried when the timer fires
    if (!self->is_handed_over(self->store_->ownership->read().view_version)) self->begin_round();
  });
}

void Rebalancer::start() {
  store_->kept_puts->when_kept([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->put_kept();
  });
}

std::string Rebalancer::why_not(const NodeAddress& receiver) {
  const std::lock_guard hold(failures_mutex_);
  const auto found = failures_.find(receiver);
  return found == failures_.end() ? "" : ": " + found->second;
}

void Rebalancer::note_failure(const NodeAddress& receiver, const std::string& why) {
  const std::lock_guard hold(failures_mutex_);
  failures_[receiver] = why;
}

void Rebalancer::stop() {
  is_stopped_.store(true, std::memory_order_relaxed);
  store_->kept_puts->end();
  classic_giver_->stop();
  last_words_->stop();
  strand_->post([self = shared_from_this()] {
    self->timer_.reset();
    self->step_timer_.reset();
    self->progress_timer_.reset();
    self->handed_over_();
  });
}

void Rebalancer::begin_round() {
  if (round_ || is_stopped()) return;
  timer_.reset();
  if (const std::int64_t kept = store_->kept_puts->count_found(); kept != kept_seen_.load()) {
    handed_over_in_.store(0);
    kept_seen_.store(kept);
  }
  round_.emplace(store_->ownership->share(), store_->options.transfer_batch_bytes);
  const auto& members = round_->ownership->ring->members();
  round_->is_off_ring = std::find(members.begin(), members.end(), store_->self) == members.end();
  const EngineTotals totals = store_->local->engine().totals();
  progress_.begin(totals.keys + totals.tombstones, strand_->now());
  progress_timer_ = strand_->every(kProgressPause, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->say_progress();
  });
  go_on();
}

void Rebalancer::begin_round_after(Duration pause) {
  timer_ = strand_->after(pause, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->begin_round();
  });
}

// One step per call, then a pause that leaves the I/O thread and the machine to others: a hand-over without pauses
// takes a whole core, and clients then wait for the scheduler, milliseconds each time.
void Rebalancer::go_on() {
  if (is_step_due_ || is_stopped()) return;
  is_step_due_ = true;
  const auto share = static_cast<std::int64_t>(store_->options.transfer_share);
  const Duration pause = std::exchange(debt_, Duration::zero()) * (100 - share) / share;
  step_timer_ = strand_->after(pause, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->is_step_due_ = false;
    const TimePoint since = self->strand_->now();
    self->step();
    self->pay_for(since);
  });
}

// Sends while there is room in flight; scans for more keys only while nothing waits to be sent.
void Rebalancer::step() {
  if (!round_ || round_->is_finishing || is_stopped()) return;
  if (!round_->is_void && round_->plan.has_batch()) {
    if (!may_send_to(round_->plan.next_receiver())) return;  // the end of a batch continues here
    send(round_->plan.take_batch());
    return go_on();
  }
  if (!round_->is_void && !round_->scanned.at_end) {
    scan_some();
    return go_on();
  }
  if (round_->in_flight == 0) ask_for_receipts();
}

// With their values: keys that another node owns do not change here any more.
void Rebalancer::scan_some() {
  const RingView& ring = *round_->ownership->ring;
  ForeignKeys met;
  const auto scanned = find_foreign(store_->local->engine(), ring, round_->scanned,
                                    {kKeysPerStep, store_->options.transfer_batch_bytes}, met);
  if (!scanned.ok()) {
    // What was found is sent all the same; the next round finds the rest.
    log_engine_failure(*store_->forwarder, "a scan for keys of others", scanned.error());
    round_->is_handed_over = false;
    round_->scanned.at_end = true;
  }
  progress_.scanned_keys(met.scanned_keys);
  const auto planned = round_->plan.add(ring, std::move(met.keys));
  progress_.planned(planned.keys, planned.bytes);
  if (round_->scanned.at_end) round_->plan.close();
}

// --- batches ---------------------------------------------------------------------------------------------------------

Rebalancer::Transfer& Rebalancer::transfer_to(const NodeAddress& receiver) {
  const auto [at, is_new] = round_->transfers.try_emplace(receiver);
  Transfer& transfer = at->second;
  if (!is_new) return transfer;
  transfer.began = strand_->now();
  transfer.receipt.session = ++last_session_;
  transfer.receipt.donor = store_->self.name();
  transfer.receipt.receiver = receiver.name();
  transfer.receipt.view = round_->ownership->ring->fingerprint();
  transfer.receipt.started_at_ms = receipt_time().wall_ms;
  return transfer;
}

// Keys of all receivers come mixed: the slowest one sets the pace, and all of them together take only its time.
bool Rebalancer::may_send_to(const NodeAddress& receiver) const {
  if (!classic_giver_->knows(receiver)) {
    return round_->in_flight - round_->classic_in_flight < store_->options.transfer_batches_in_flight;
  }
  const auto found = round_->transfers.find(receiver);
  return found == round_->transfers.end() || found->second.in_flight < kClassicBatchesMax;
}

void Rebalancer::send(MoveBatch batch) {
  Transfer& transfer = transfer_to(batch.to);
  if (transfer.has_failed) return;
  if (classic_giver_->knows(batch.to)) return give_classically(std::move(batch));
  const auto sent = std::make_shared<Sent>(Sent{std::move(batch), {}});
  wire::StorePeer_transfer_args args;
  args.items = fill(*sent);
  args.head.session = static_cast<std::int64_t>(transfer.receipt.session);
  args.head.donor = transfer.receipt.donor;
  args.head.view = static_cast<std::int64_t>(transfer.receipt.view);
  const NodeAddress& to = sent->batch.to;
  const bool has_room = sent->batch.bytes <= store_->options.transfer_batch_bytes;
  if (has_room && disagreeing_.contains(to)) args.head.__set_members(store_->locator->encode_table());
  ++round_->in_flight;
  P2P_TEST_POINT("donor.batch_ready");
  store_->peers.call(to, store_->peer_service, encode_call("transfer", args), kTransferTimeout,
                     [self = shared_from_this(), sent](Result<std::string> reply) {
                       self->strand_->post([self, sent, reply = std::move(reply)] {
                         const TimePoint since = self->strand_->now();
                         self->replied(*sent, reply);
                         self->pay_for(since);
                         self->go_on();
                       });
                     });
  P2P_TEST_POINT("donor.batch_sent");
}

std::vector<wire::MovedItem> Rebalancer::fill(Sent& sent) const {
  const OwnershipSnapshot& ownership = *round_->ownership;
  std::vector<wire::MovedItem> items;
  items.reserve(sent.batch.keys.size());
  for (StoredKey& key : sent.batch.keys) {
    sent.digests.push_back(digest_of(key.key, key.value, key.version, key.is_erased));
    items.push_back(to_wire(key.key, {std::move(key.value), key.version, key.is_erased, key.confirmed_in}));
    const bool is_latest = ownership.has_joined() && key.confirmed_in >= ownership.confirmed_from(key.key) &&
                           ownership.was_owner_before(sent.batch.to, key.key);  // (H8)
    if (is_latest) items.back().__set_latest(true);
  }
  return items;
}

void Rebalancer::replied(const Sent& sent, const Result<std::string>& reply) {
  if (!round_ || is_stopped()) return;
  --round_->in_flight;
  P2P_TEST_POINT("donor.batch_confirmed");
  if (!reply.ok()) {
    if (reply.error().kind == ErrorKind::refused) store_->forwarder->report_unreachable(sent.batch.to);
    failed(sent, reply.error());
  } else if (auto decoded = decode_reply<wire::StorePeer_transfer_result>(reply.value()); !decoded.ok()) {
    failed(sent, decoded.error());
  } else {
    taken(sent, decoded.value().success);
  }
}

// Nothing is deleted unless the reply accounts for every key, and for every byte of those that were taken (H17).
void Rebalancer::taken(const Sent& sent, const wire::TransferReply& reply) {
  const auto& keys = sent.batch.keys;
  const std::set<std::int32_t> undone(reply.undone.begin(), reply.undone.end());
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t digest = 0;
  for (std::size_t at = 0; at < keys.size(); ++at) {
    if (undone.contains(static_cast<std::int32_t>(at))) continue;
    ++count;
    bytes += keys[at].bytes;
    digest += sent.digests[at];
  }
  const auto confirmed = static_cast<std::uint64_t>(reply.stored) + static_cast<std::uint64_t>(reply.kept);
  if (confirmed != count || static_cast<std::uint64_t>(reply.digest) != digest) {
    return failed(sent, Error{ErrorKind::protocol, "the reply does not account for every key and byte"});
  }
  failing_.erase(sent.batch.to);
  if (store_->ownership->read().is_present(sent.batch.to)) store_->classics->note_ours(sent.batch.to);
  if (!undone.empty()) {
    round_->is_handed_over = false;
    disagreeing_.insert(sent.batch.to);
    if (reply.__isset.members) store_->locator->merge_table(sent.batch.to, reply.members);
  } else {
    disagreeing_.erase(sent.batch.to);
  }
  round_->transfers.at(sent.batch.to)
      .receipt.add(count, static_cast<std::uint64_t>(reply.kept), bytes, digest,
                   static_cast<std::uint64_t>(reply.digest));
  for (std::size_t at = 0; at < keys.size(); ++at) {
    if (!undone.contains(static_cast<std::int32_t>(at)) && !delete_confirmed(keys[at])) round_->is_handed_over = false;
  }
  P2P_TEST_POINT("donor.batch_deleted");
}

// False: it has changed since it was sent, and must be scanned again (H18). What is confirmed in a later view version
// deletes nothing (H19): the receiver may have given the key on, or back to us. The next round sends it again.
bool Rebalancer::delete_confirmed(const StoredKey& stored) {
  progress_.confirmed(1, stored.bytes);
  if (drain_) drain_->progressed();
  if (store_->ownership->read().view_version != round_->ownership->view_version) return true;
  const auto removed = store_->local->engine().apply_one(Change::remove(stored.key, stored.version));
  if (!removed.ok()) log_engine_failure(*store_->forwarder, "deleting what was moved", removed.error());
  if (!removed.ok() || removed.value() != Outcome::done) return false;
  keys_moved_out_.fetch_add(1, std::memory_order_relaxed);
  if (round_->is_off_ring && !stored.is_erased) handed_over_keys_.fetch_add(1);
  return true;
}

void Rebalancer::failed(const Sent& sent, const Error& error) {
  round_->is_handed_over = false;
  if (error.kind == ErrorKind::unsupported) return classic_giver_->remember(sent.batch.to);
  round_->transfers.at(sent.batch.to).has_failed = true;
  note_failure(sent.batch.to, error.text);
  if (failing_.insert(sent.batch.to).second) {
    log_.warn("keys for {} stay here for now: {}", sent.batch.to.name(), error.text);
  }
}

void Rebalancer::give_classically(MoveBatch batch) {
  const NodeAddress to = batch.to;
  Transfer& transfer = transfer_to(to);
  transfer.is_classic = true;
  ++transfer.in_flight;
  ++round_->in_flight;
  ++round_->classic_in_flight;
  classic_giver_->give(std::move(batch), [self = shared_from_this(), to](std::span<const StoredKey> given,
                                                                         const std::string& why_not_all) {
    self->classic_given(to, given, why_not_all);
  });
}

// The node showed each key after it got it: there is no other confirmation.
void Rebalancer::classic_given(const NodeAddress& to, std::span<const StoredKey> given,
                               const std::string& why_not_all) {
  if (!round_ || is_stopped()) return;
  Transfer& transfer = round_->transfers.at(to);
  --transfer.in_flight;
  --round_->in_flight;
  --round_->classic_in_flight;
  if (!why_not_all.empty()) {
    round_->is_handed_over = false;
    transfer.has_failed = true;
    note_failure(to, why_not_all);
  }
  for (const StoredKey& stored : given) {
    const std::uint64_t digest = digest_of(stored.key, stored.value, stored.version, stored.is_erased);
    transfer.receipt.add(1, 0, stored.bytes, digest, digest);
    if (!delete_confirmed(stored)) round_->is_handed_over = false;
  }
  go_on();
}

// --- the end of a round ----------------------------------------------------------------------------------------------

void Rebalancer::ask_for_receipts() {
  round_->is_finishing = true;
  std::vector<NodeAddress> asked;
  for (auto& [receiver, transfer] : round_->transfers) {
    if (transfer.receipt.keys == 0) continue;
    if (!transfer.is_classic) {
      asked.push_back(receiver);
      continue;
    }
    transfer.receipt.duration_ms = milliseconds_since(transfer.began);
    transfer.receipt.is_complete = true;
    end_transfer(receiver, transfer);
  }
  round_->in_flight = asked.size();
  if (!asked.empty()) P2P_TEST_POINT("donor.all_sent");
  for (const NodeAddress& receiver : asked) {
    Transfer& transfer = round_->transfers.at(receiver);
    transfer.receipt.duration_ms = milliseconds_since(transfer.began);
    wire::StorePeer_finish_args args;
    args.donors = to_wire(transfer.receipt);
    store_->peers.call(
        receiver, store_->peer_service, encode_call("finish", args), kTransferTimeout,
        [self = shared_from_this(), receiver](Result<std::string> reply) {
          self->strand_->post([self, receiver, reply = std::move(reply)] { self->got_receipt(receiver, reply); });
        });
  }
  if (asked.empty()) end_round();
}

void Rebalancer::got_receipt(const NodeAddress& receiver, const Result<std::string>& reply) {
  if (!round_ || is_stopped()) return;
  Transfer& transfer = round_->transfers.at(receiver);
  if (reply.ok()) {
    auto decoded = decode_reply<wire::StorePeer_finish_result>(reply.value());
    transfer.receipt.is_complete = decoded.ok() && agree(transfer.receipt, from_wire(decoded.value().success));
  }
  end_transfer(receiver, transfer);
  if (--round_->in_flight == 0) end_round();
}

void Rebalancer::end_transfer(const NodeAddress& receiver, const Transfer& transfer) {
  const Receipt& moved = transfer.receipt;
  if (moved.is_complete) {
    log_.info("moved {} keys ({} bytes) to {} in {} ms, digest {:016x}", moved.keys, moved.bytes, receiver.name(),
              moved.duration_ms, moved.digest_after);
  } else {
    log_.warn("moved {} keys ({} bytes) to {}, which has not confirmed the whole of it", moved.keys, moved.bytes,
              receiver.name());
  }
  receipts_->ended(moved);
}

void Rebalancer::end_round() {  // (H15)
  const Round ended = std::move(*round_);
  round_.reset();
  progress_timer_.reset();
  const ViewVersion view_version = store_->ownership->read().view_version;
  if (ended.is_void || ended.ownership->view_version != view_version) return begin_round();
  progress_.end();
  if (!ended.is_handed_over) {
    begin_round_after(retry_pause_);
    retry_pause_ = std::min(2 * retry_pause_, kRetryPauseMax);
    return;
  }
  retry_pause_ = kRetryPauseMin;
  if (store_->kept_puts->count() != kept_seen_) return begin_round_after(kRetryPauseMin);
  handed_over_in_.store(view_version);
  if (!handed_over_.pending()) return;
  if (may_learn_of_members()) return begin_round_after(kRetryPauseMin);
  finish_hand_over();  // (H25)
}

void Rebalancer::put_kept() {
  if (drain_) drain_->progressed();
  strand_->post([self = shared_from_this()] {
    if (self->round_ || self->timer_ || self->store_->kept_puts->count() == self->kept_seen_) return;
    self->begin_round_after(kRetryPauseMin);  // with what arrives until then
  });
}

void Rebalancer::say_progress() {
  const MoveProgress::Figures now = progress_.figures(strand_->now());
  log_.info("moving keys: {} done ({} bytes), about {} left ({} bytes), {} keys/s, {} s left", now.keys_done,
            now.bytes_done, now.keys_left, now.bytes_left, now.keys_per_s, (now.ms_left + 999) / 1000);
}

}  // namespace p2p::diststore
