// How a node that leaves hands over everything, and what it says of the rest: part of rebalancer.h.
#include "classic/left_behind.h"
#include "classic/rebalancer.h"
#include "classic/receipt_wire.h"
#include "classic/test_point.h"

#include <fmt/format.h>

namespace p2p::diststore {
namespace {

// A leaver with keys that knows only others that leave asks so long whether a member has come meanwhile: a frozen
// process learns of both at once, in any order.
constexpr Duration kNoMemberMax = std::chrono::milliseconds(300);

}  // namespace

void Rebalancer::hand_over(Completion done) {
  begin_leave();
  const auto kept = std::make_shared<Completion>(std::move(done));
  strand_->post([self = shared_from_this(), kept] {
    P2P_TEST_POINT("leaver.begins");
    self->has_heirs_.store(!self->store_->ownership->read().ring->members().empty());
    self->handed_over_ = std::move(*kept);
    self->retry_pause_ = kRetryPauseMin;
    if (self->round_) {
      self->round_->is_void = true;
    } else {
      self->begin_round();
    }
  });
}

std::vector<std::string> Rebalancer::give_up() {
  is_stopped_.store(true, std::memory_order_relaxed);
  store_->kept_puts->end();  // from now on puts are forwarded: kept ones never would be
  const auto counted = left_behind(*store_);
  if (!counted.ok()) return {"an unknown number of keys: " + text_of_engine_failure(counted.error())};
  const std::vector<LeftBehind>& all = counted.value();
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
    receipt.view = store_->ownership->share()->ring->fingerprint();
    receipt.started_at_ms = receipt_time().wall_ms;
    receipt.undelivered = left.keys;
    receipt.undelivered_keys = left.names;
    receipts_->ended(std::move(receipt));
  }
  return lines;
}

bool Rebalancer::may_learn_of_members() {
  const RingView& ring = *store_->ownership->read().ring;
  if (!ring.members().empty() || ring.leaving().empty() || store_->local->engine().totals().keys == 0) {
    no_member_since_.reset();
    return false;
  }
  if (!no_member_since_) no_member_since_ = strand_->now();
  return strand_->now() < *no_member_since_ + kNoMemberMax;
}

// Keys without any owner stay: give_up() reports them.
void Rebalancer::finish_hand_over() {
  P2P_TEST_POINT("leaver.all_confirmed");
  if (is_all_said_) return conclude();
  if (std::exchange(is_saying_last_words_, true)) return;
  const auto progressed = [drain = drain_] {
    if (drain) drain->progressed();
  };
  last_words_->say(progressed, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->all_is_said();
  });
}

void Rebalancer::all_is_said() {
  if (is_stopped()) return;
  is_all_said_ = true;
  if (!round_ && !timer_) conclude();  // else the end of that round calls conclude()
}

// Puts kept until the last moment are still handed over (H26); from now on puts are forwarded at once.
void Rebalancer::conclude() {
  store_->kept_puts->end();
  if (store_->kept_puts->count() != kept_seen_) return begin_round();
  handed_over_();
}

}  // namespace p2p::diststore
