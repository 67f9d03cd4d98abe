#include "moving/mover.h"

#include "moving/left_behind.h"
#include "moving/receipt_wire.h"
#include "moving/test_point.h"
#include "serving/peer_errors.h"

#include <p2p/handlers.h>

#include <StorePeer.h>

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace p2p::diststore {
namespace {

// Keys looked at before other work gets its turn on the I/O thread: about 100 us with a classic ring's 150 ns an owner,
// and a miss of the cache for each.
constexpr std::size_t kKeysPerStep = 64;

// A batch of the default size takes milliseconds; a receiver that needs seconds is busy, not slow to the bone.
constexpr Duration kTransferTimeout = std::chrono::seconds(5);

// A receiver that refused may be about to listen, to hear of the new ring, or to be removed from it: soon first, seldom
// later.
constexpr Duration kRetryPauseMin = std::chrono::milliseconds(20);
constexpr Duration kRetryPauseMax = std::chrono::seconds(1);

constexpr Duration kProgressPause = std::chrono::seconds(1);

// Sessions of different donors, and of different lives of one, must differ; within one they count up.
std::uint64_t random_session() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Mover::Mover(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<Store> store,
             std::shared_ptr<ReceiptBook> receipts, std::shared_ptr<Drain> drain)
    : log_(log),
      strand_(std::move(strand)),
      store_(std::move(store)),
      receipts_(std::move(receipts)),
      drain_(std::move(drain)),
      classic_giver_(std::make_shared<ClassicGiver>(log_, strand_, store_)),
      last_words_(std::make_shared<LastWords>(log_, strand_, store_)),
      retry_pause_(kRetryPauseMin),
      last_session_(random_session()) {}

void Mover::look() {
  strand_->post([mover = shared_from_this()] {
    const Era era = mover->store_->standing->read().era;
    mover->retry_pause_ = kRetryPauseMin;
    if (mover->pass_) {
      mover->pass_->is_void = mover->pass_->is_void || mover->pass_->standing->era != era;
    } else if (!mover->is_clean(era)) {
      mover->begin_pass();
    }
  });
}

void Mover::look_for_claimant() {
  strand_->post([mover = shared_from_this()] {
    const bool is_waiting = mover->pass_ || mover->timer_;  // what has failed is tried again when its time has come
    if (!is_waiting && !mover->is_clean(mover->store_->standing->read().era)) mover->begin_pass();
  });
}

void Mover::start() {
  store_->kept_puts->when_kept([weak = weak_from_this()] {
    if (const auto mover = weak.lock()) mover->put_kept();
  });
}

void Mover::hand_over(Completion done) {
  begin_leave();
  const auto kept = std::make_shared<Completion>(std::move(done));
  strand_->post([mover = shared_from_this(), kept] {
    P2P_TEST_POINT("leaver.begins");
    mover->has_heirs_.store(!mover->store_->standing->read().ring->members().empty());
    mover->handed_over_ = std::move(*kept);
    mover->retry_pause_ = kRetryPauseMin;
    if (mover->pass_) {
      mover->pass_->is_void = true;
    } else {
      mover->begin_pass();
    }
  });
}

std::vector<std::string> Mover::give_up() {
  is_stopped_.store(true, std::memory_order_relaxed);
  store_->kept_puts->end();  // a put that comes now is passed on, where a kept one would never be
  const std::vector<LeftBehind> all = left_behind(*store_);
  std::uint64_t keys = handed_over_keys_.load();
  for (const LeftBehind& left : all) keys += left.keys;
  std::vector<std::string> lines;
  for (const LeftBehind& left : all) {
    const bool has_heir = left.to.port != 0;
    if (!has_heir && !has_heirs_.load()) {
      log_.warn("{} keys end with this node: it was the last of its network", left.keys);
      continue;
    }
    lines.push_back(
        fmt::format("{} of {} keys ({} bytes), which {}", left.keys, keys, left.bytes,
                    has_heir ? left.to.name() + " should have got" + why_not(left.to) : "nobody is left to take"));
    Receipt receipt;
    receipt.session = ++last_session_;
    receipt.donor = store_->self.name();
    receipt.receiver = has_heir ? left.to.name() : "";
    receipt.view = store_->standing->share()->ring->fingerprint();
    receipt.started_at_ms = receipt_time().wall_ms;
    receipt.undelivered = left.keys;
    receipt.undelivered_keys = left.names;
    receipts_->ended(std::move(receipt));
  }
  return lines;
}

std::string Mover::why_not(const Location& receiver) {
  const std::lock_guard hold(failures_mutex_);
  const auto found = failures_.find(receiver);
  return found == failures_.end() ? "" : ": " + found->second;
}

void Mover::note_failure(const Location& receiver, const std::string& why) {
  const std::lock_guard hold(failures_mutex_);
  failures_[receiver] = why;
}

void Mover::stop() {
  is_stopped_.store(true, std::memory_order_relaxed);
  store_->kept_puts->end();
  classic_giver_->stop();
  last_words_->stop();
  strand_->post([mover = shared_from_this()] {
    mover->timer_.reset();
    mover->step_timer_.reset();
    mover->progress_timer_.reset();
    mover->handed_over_();
  });
}

void Mover::begin_pass() {
  if (pass_ || is_stopped()) return;
  timer_.reset();
  if (const std::int64_t kept = store_->kept_puts->count_found(); kept != kept_seen_.load()) {
    clean_era_.store(0);
    kept_seen_.store(kept);
  }
  pass_.emplace(store_->standing->share(), store_->options.transfer_batch_bytes);
  const auto& members = pass_->standing->ring->members();
  pass_->is_off_ring = std::find(members.begin(), members.end(), store_->self) == members.end();
  const EngineTotals totals = store_->local->engine().totals();
  progress_.begin(totals.keys + totals.tombstones, strand_->now());
  progress_timer_ = strand_->every(kProgressPause, [weak = weak_from_this()] {
    if (const auto mover = weak.lock()) mover->say_progress();
  });
  go_on();
}

void Mover::begin_pass_after(Duration pause) {
  timer_ = strand_->after(pause, [weak = weak_from_this()] {
    if (const auto mover = weak.lock()) mover->begin_pass();
  });
}

// One step for each call, with a pause behind it that leaves the I/O thread and the machine to others: a hand-over that
// works without a pause takes a core for itself, and clients then wait for the scheduler's turns, milliseconds each.
void Mover::go_on() {
  if (is_step_due_ || is_stopped()) return;
  is_step_due_ = true;
  const auto share = static_cast<std::int64_t>(store_->options.transfer_share);
  const Duration pause = std::exchange(debt_, Duration::zero()) * (100 - share) / share;
  step_timer_ = strand_->after(pause, [weak = weak_from_this()] {
    const auto mover = weak.lock();
    if (!mover) return;
    mover->is_step_due_ = false;
    const TimePoint since = mover->strand_->now();
    mover->step();
    mover->pay_for(since);
  });
}

void Mover::pay_for(TimePoint since) { debt_ += strand_->now() - since; }

// Sends while there is room in flight; looks for more keys only while nothing waits to be sent.
void Mover::step() {
  if (!pass_ || pass_->is_finishing || is_stopped()) return;
  if (!pass_->is_void && pass_->plan.has_batch()) {
    if (!may_send_to(pass_->plan.next_receiver())) return;  // what ends a batch continues
    send(pass_->plan.take_batch());
    return go_on();
  }
  if (!pass_->is_void && !pass_->scanned.at_end) {
    scan_some();
    return go_on();
  }
  if (pass_->in_flight == 0) ask_for_receipts();
}

// With their values: what another node owns does not change here any more.
void Mover::scan_some() {
  std::vector<HeldKey> held;
  const RingView& ring = *pass_->standing->ring;
  const std::size_t seen = store_->local->engine().scan_values(
      pass_->scanned, {kKeysPerStep, store_->options.transfer_batch_bytes},
      [&ring](std::string_view key) { return !ring.owner_of(key).is_self; }, held);
  progress_.looked_at(seen);
  const auto planned = pass_->plan.add(ring, std::move(held));
  progress_.planned(planned.keys, planned.bytes);
  if (pass_->scanned.at_end) pass_->plan.close();
}

// --- batches ---------------------------------------------------------------------------------------------------------

Mover::Transfer& Mover::transfer_to(const Location& receiver) {
  const auto [at, is_new] = pass_->transfers.try_emplace(receiver);
  Transfer& transfer = at->second;
  if (!is_new) return transfer;
  transfer.began = strand_->now();
  transfer.receipt.session = ++last_session_;
  transfer.receipt.donor = store_->self.name();
  transfer.receipt.receiver = receiver.name();
  transfer.receipt.view = pass_->standing->ring->fingerprint();
  transfer.receipt.started_at_ms = receipt_time().wall_ms;
  return transfer;
}

// Keys of all receivers come mixed: who is slow sets the pace, and the time that all of them take together is its own.
bool Mover::may_send_to(const Location& receiver) const {
  if (!classic_giver_->knows(receiver)) {
    return pass_->in_flight - pass_->classic_in_flight < store_->options.transfer_batches_in_flight;
  }
  const auto found = pass_->transfers.find(receiver);
  return found == pass_->transfers.end() || found->second.in_flight < kClassicBatchesMax;
}

void Mover::send(MoveBatch batch) {
  Transfer& transfer = transfer_to(batch.to);
  if (transfer.has_failed) return;
  if (classic_giver_->knows(batch.to)) return give_classically(std::move(batch));
  const auto sent = std::make_shared<Sent>(Sent{std::move(batch), {}});
  wire::StorePeer_transfer_args args;
  args.items = fill(*sent);
  args.head.session = static_cast<std::int64_t>(transfer.receipt.session);
  args.head.donor = transfer.receipt.donor;
  args.head.view = static_cast<std::int64_t>(transfer.receipt.view);
  const Location& to = sent->batch.to;
  const bool has_room = sent->batch.bytes <= store_->options.transfer_batch_bytes;
  if (has_room && disagreeing_.contains(to)) args.head.__set_members(store_->locator->encode_table());
  ++pass_->in_flight;
  P2P_TEST_POINT("donor.batch_ready");
  store_->peers.call(to, store_->peer_service, encode_call("transfer", args), kTransferTimeout,
                     [mover = shared_from_this(), sent](Result<std::string> reply) {
                       mover->strand_->post([mover, sent, reply = std::move(reply)] {
                         const TimePoint since = mover->strand_->now();
                         mover->replied(*sent, reply);
                         mover->pay_for(since);
                         mover->go_on();
                       });
                     });
  P2P_TEST_POINT("donor.batch_sent");
}

std::vector<wire::MovedItem> Mover::fill(Sent& sent) const {
  const Standing& standing = *pass_->standing;
  std::vector<wire::MovedItem> items;
  items.reserve(sent.batch.keys.size());
  for (HeldKey& key : sent.batch.keys) {
    sent.digests.push_back(digest_of(key.key, key.value, key.version, key.is_erased));
    items.push_back(to_wire(key.key, {std::move(key.value), key.version, key.is_erased, key.settled_in}));
    const bool is_latest =
        key.settled_in >= standing.settled_from(key.key) && standing.was_owner_before(sent.batch.to, key.key);
    if (is_latest) items.back().__set_latest(true);
  }
  return items;
}

void Mover::replied(const Sent& sent, const Result<std::string>& reply) {
  if (!pass_ || is_stopped()) return;
  --pass_->in_flight;
  P2P_TEST_POINT("donor.batch_confirmed");
  if (!reply.ok()) {
    if (reply.error().kind == ErrorKind::refused) store_->router->report_unreachable(sent.batch.to);
    failed(sent, reply.error());
  } else if (auto decoded = decode_reply<wire::StorePeer_transfer_result>(reply.value()); !decoded.ok()) {
    failed(sent, decoded.error());
  } else {
    taken(sent, decoded.value().success);
  }
}

// Nothing is deleted unless the reply accounts for every key, and for every byte of those that were taken.
void Mover::taken(const Sent& sent, const wire::TransferReply& reply) {
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
  store_->classics->note_ours(sent.batch.to);
  if (!undone.empty()) {
    pass_->is_clean = false;
    disagreeing_.insert(sent.batch.to);
    if (reply.__isset.members) store_->locator->merge_table(sent.batch.to, reply.members);
  } else {
    disagreeing_.erase(sent.batch.to);
  }
  pass_->transfers.at(sent.batch.to)
      .receipt.add(count, static_cast<std::uint64_t>(reply.kept), bytes, digest,
                   static_cast<std::uint64_t>(reply.digest));
  for (std::size_t at = 0; at < keys.size(); ++at) {
    if (!undone.contains(static_cast<std::int32_t>(at)) && !delete_confirmed(keys[at])) pass_->is_clean = false;
  }
  P2P_TEST_POINT("donor.batch_deleted");
}

// False: it has changed since it was sent, and must be looked at again. A confirmation that comes in a later era
// deletes nothing: the receiver may have given the key on, or back to us, since. The next look sends it once more.
bool Mover::delete_confirmed(const HeldKey& held) {
  progress_.confirmed(1, held.bytes);
  if (drain_) drain_->progressed();
  if (store_->standing->read().era != pass_->standing->era) return true;
  if (!store_->local->engine().remove_unchanged(held.key, held.version)) return false;
  keys_moved_out_.fetch_add(1, std::memory_order_relaxed);
  if (pass_->is_off_ring && !held.is_erased) handed_over_keys_.fetch_add(1);
  return true;
}

void Mover::failed(const Sent& sent, const Error& error) {
  pass_->is_clean = false;
  if (error.kind == ErrorKind::unsupported) return classic_giver_->remember(sent.batch.to);
  pass_->transfers.at(sent.batch.to).has_failed = true;
  note_failure(sent.batch.to, error.text);
  if (failing_.insert(sent.batch.to).second) {
    log_.warn("keys for {} stay here for now: {}", sent.batch.to.name(), error.text);
  }
}

void Mover::give_classically(MoveBatch batch) {
  const Location to = batch.to;
  Transfer& transfer = transfer_to(to);
  transfer.is_classic = true;
  ++transfer.in_flight;
  ++pass_->in_flight;
  ++pass_->classic_in_flight;
  classic_giver_->give(std::move(batch), [mover = shared_from_this(), to](std::span<const HeldKey> given,
                                                                          const std::string& why_not_all) {
    mover->classic_given(to, given, why_not_all);
  });
}

// Each of the keys was shown by the node after it had got them: that is all the confirmation that there is.
void Mover::classic_given(const Location& to, std::span<const HeldKey> given, const std::string& why_not_all) {
  if (!pass_ || is_stopped()) return;
  Transfer& transfer = pass_->transfers.at(to);
  --transfer.in_flight;
  --pass_->in_flight;
  --pass_->classic_in_flight;
  if (!why_not_all.empty()) {
    pass_->is_clean = false;
    transfer.has_failed = true;
    note_failure(to, why_not_all);
  }
  for (const HeldKey& held : given) {
    const std::uint64_t digest = digest_of(held.key, held.value, held.version, held.is_erased);
    transfer.receipt.add(1, 0, held.bytes, digest, digest);
    if (!delete_confirmed(held)) pass_->is_clean = false;
  }
  go_on();
}

// --- the end of a pass -----------------------------------------------------------------------------------------------

void Mover::ask_for_receipts() {
  pass_->is_finishing = true;
  std::vector<Location> asked;
  for (auto& [receiver, transfer] : pass_->transfers) {
    if (transfer.receipt.keys == 0) continue;
    if (!transfer.is_classic) {
      asked.push_back(receiver);
      continue;
    }
    transfer.receipt.duration_ms = milliseconds_since(transfer.began);
    transfer.receipt.is_complete = true;
    end_transfer(receiver, transfer);
  }
  pass_->in_flight = asked.size();
  if (!asked.empty()) P2P_TEST_POINT("donor.all_sent");
  for (const Location& receiver : asked) {
    Transfer& transfer = pass_->transfers.at(receiver);
    transfer.receipt.duration_ms = milliseconds_since(transfer.began);
    wire::StorePeer_finish_args args;
    args.donors = to_wire(transfer.receipt);
    store_->peers.call(
        receiver, store_->peer_service, encode_call("finish", args), kTransferTimeout,
        [mover = shared_from_this(), receiver](Result<std::string> reply) {
          mover->strand_->post([mover, receiver, reply = std::move(reply)] { mover->got_receipt(receiver, reply); });
        });
  }
  if (asked.empty()) end_pass();
}

void Mover::got_receipt(const Location& receiver, const Result<std::string>& reply) {
  if (!pass_ || is_stopped()) return;
  Transfer& transfer = pass_->transfers.at(receiver);
  if (reply.ok()) {
    auto decoded = decode_reply<wire::StorePeer_finish_result>(reply.value());
    transfer.receipt.is_complete = decoded.ok() && agree(transfer.receipt, from_wire(decoded.value().success));
  }
  end_transfer(receiver, transfer);
  if (--pass_->in_flight == 0) end_pass();
}

void Mover::end_transfer(const Location& receiver, const Transfer& transfer) {
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

void Mover::end_pass() {
  const Pass ended = std::move(*pass_);
  pass_.reset();
  progress_timer_.reset();
  const Era era = store_->standing->read().era;
  if (ended.is_void || ended.standing->era != era) return begin_pass();
  progress_.end();
  if (!ended.is_clean) {
    begin_pass_after(retry_pause_);
    retry_pause_ = std::min(2 * retry_pause_, kRetryPauseMax);
    return;
  }
  retry_pause_ = kRetryPauseMin;
  if (store_->kept_puts->count() != kept_seen_) return begin_pass_after(kRetryPauseMin);
  clean_era_.store(era);
  if (handed_over_.pending()) finish_hand_over();
}

void Mover::put_kept() {
  if (drain_) drain_->progressed();
  strand_->post([mover = shared_from_this()] {
    if (mover->pass_ || mover->timer_ || mover->store_->kept_puts->count() == mover->kept_seen_) return;
    mover->begin_pass_after(kRetryPauseMin);  // with what comes until then
  });
}

// Keys that have no owner at all stay: give_up() tells of them.
void Mover::finish_hand_over() {
  P2P_TEST_POINT("leaver.all_confirmed");
  if (is_all_said_) return conclude();
  if (std::exchange(is_saying_last_words_, true)) return;
  const auto progressed = [drain = drain_] {
    if (drain) drain->progressed();
  };
  last_words_->say(progressed, [weak = weak_from_this()] {
    if (const auto mover = weak.lock()) mover->all_is_said();
  });
}

void Mover::all_is_said() {
  if (is_stopped()) return;
  is_all_said_ = true;
  if (!pass_ && !timer_) conclude();  // else the end of that pass comes by here
}

// What was kept until the last moment is handed over still; what comes from now on is passed on at once.
void Mover::conclude() {
  store_->kept_puts->end();
  if (store_->kept_puts->count() != kept_seen_) return begin_pass();
  handed_over_();
}

void Mover::say_progress() {
  const MoveProgress::Figures now = progress_.figures(strand_->now());
  log_.info("moving keys: {} done ({} bytes), about {} left ({} bytes), {} keys/s, {} s left", now.keys_done,
            now.bytes_done, now.keys_left, now.bytes_left, now.keys_per_s, (now.ms_left + 999) / 1000);
}

}  // namespace p2p::diststore
