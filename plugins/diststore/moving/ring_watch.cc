#include "moving/ring_watch.h"

#include "moving/test_point.h"
#include "serving/peer_errors.h"

#include <p2p/handlers.h>

#include <StorePeer.h>

#include <algorithm>
#include <utility>

namespace p2p::diststore {
namespace {

// A claim is answered from memory; who takes longer is busy or frozen, and is asked again.
constexpr Duration kClaimTimeout = std::chrono::seconds(1);

// A node of the 2009 system does one thing at a time: the question waits at its door while it hands over, which may
// take long, and is answered as soon as it has done.
constexpr Duration kShowTimeout = std::chrono::seconds(10);

}  // namespace

RingWatch::RingWatch(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<Store> store)
    : log_(log),
      strand_(std::move(strand)),
      store_(std::move(store)),
      intake_(
          store_->self,
          [locator = store_->locator](std::vector<Location> members) { return locator->ring_of(std::move(members)); },
          [classics = store_->classics](const Location& node) { return classics->knows_as_ours(node); }) {}

void RingWatch::tell(Tell tell) {
  strand_->post([watch = shared_from_this(), tell = std::move(tell)] {
    if (watch->is_stopped_) return;
    Intake::Effects effects;
    tell(watch->intake_, watch->strand_->now(), effects);
    watch->obey(effects);
  });
}

void RingWatch::ring_changed(std::shared_ptr<const RingView> view) {
  strand_->post([watch = shared_from_this(), view = std::move(view)]() mutable {
    if (!watch->is_stopped_) watch->take_over(std::move(view));
  });
}

void RingWatch::joined(Completion established) {
  auto kept = std::make_shared<Completion>(std::move(established));
  strand_->post([watch = shared_from_this(), kept] { watch->established_ = std::move(*kept); });
  tell([](Intake& intake, TimePoint now, auto& effects) { intake.joined(now, effects); });
}

void RingWatch::begin_census(std::function<void()> done) {
  strand_->post([watch = shared_from_this(), done = std::move(done)] {
    if (!watch->is_stopped_) watch->census_done_ = done;
  });
  tell([](Intake& intake, TimePoint now, auto& effects) { intake.begin_census(now, effects); });
}

void RingWatch::stop() {
  strand_->post([watch = shared_from_this()] {
    watch->is_stopped_ = true;
    watch->timer_.reset();
    watch->census_done_ = nullptr;
    watch->established_();
  });
}

void RingWatch::take_over(std::shared_ptr<const RingView> view) {
  P2P_ASSERT(era_ < kEraMax, "eras do not run out");
  const auto former = store_->standing->share();
  if (era_++ > 0) former_rings_.insert(former_rings_.begin(), former->ring);
  if (former_rings_.size() > kFormerRingsMax) former_rings_.pop_back();
  Intake::Effects effects;
  leavers_ = leavers_of(*view, *former);
  store_->classics->forget_ours_but(*view);
  intake_.ring_changed(view, era_, strand_->now(), effects);
  // In this order: who reads the new standing can rely on it that nothing is done by the former one any more.
  store_->local->engine().fence(era_);
  publish(std::move(view));
  effects.is_changed = false;
  obey(effects);
}

std::vector<Leaver> RingWatch::leavers_of(const RingView& view, const Standing& former) const {
  std::vector<Leaver> leavers;
  for (const Location& node : view.leaving()) {
    std::vector<Location> present = view.members();
    present.push_back(node);
    const auto known = std::find_if(former.leavers.begin(), former.leavers.end(),
                                    [&](const Leaver& leaver) { return leaver.node == node; });
    auto last_ring = known != former.leavers.end() ? known->last_ring : last_ring_of(node, present, former);
    leavers.push_back({node, std::move(last_ring), store_->locator->ring_of(std::move(present))});
  }
  return leavers;
}

// Without those of whom the node may not have heard: it owns, and hands over, what should be theirs.
std::shared_ptr<const RingView> RingWatch::last_ring_of(const Location& node, const std::vector<Location>& present,
                                                        const Standing& former) const {
  const auto& members = former.ring->members();
  const bool was_member = std::find(members.begin(), members.end(), node) != members.end();
  std::vector<Location> last = was_member ? members : present;
  for (const Gift& gift : former.gifts) {
    if (std::find(gift.givers.begin(), gift.givers.end(), node) != gift.givers.end()) std::erase(last, gift.to);
  }
  if (!former.is_established || former.awaits_from(node)) std::erase(last, store_->self);
  return store_->locator->ring_of(std::move(last));
}

void RingWatch::publish(std::shared_ptr<const RingView> view) {
  store_->standing->publish(
      std::make_shared<const Standing>(Standing{store_->self, era_, intake_.is_established(), std::move(view),
                                                former_rings_, intake_.gains(), leavers_, intake_.gifts()}));
}

void RingWatch::obey(const Intake::Effects& effects) {
  for (const Location& silent : effects.given_up) {
    log_.warn("{} has not answered for {}: this node takes over its keys without it", silent.name(),
              format_duration(kFencePatience));
  }
  if (effects.is_changed) {
    publish(store_->standing->share()->ring);
  }
  if (intake_.is_established() && established_.pending()) {
    P2P_TEST_POINT("joiner.established");
    established_();
  }
  for (const Location& from : effects.claims) claim(from);
  if (effects.is_census_done) {
    if (const auto done = std::exchange(census_done_, nullptr)) done();
  }
  set_timer();
}

void RingWatch::claim(const Location& from) {
  P2P_TEST_POINT("joiner.claiming");
  wire::StorePeer_claim_args args;
  args.claim.claimant = store_->self.name();
  args.claim.view = fingerprint_of(*store_->standing->read().ring);
  if (disagreeing_.contains(from)) args.claim.__set_members(store_->locator->encode_table());
  store_->peers.call(
      from, store_->peer_service, encode_call("claim", args), kClaimTimeout,
      [watch = shared_from_this(), from](Result<std::string> reply) {
        watch->strand_->post([watch, from, reply = std::move(reply)] { watch->claim_ended(from, reply); });
      });
}

void RingWatch::claim_ended(const Location& from, const Result<std::string>& reply) {
  if (is_stopped_) return;
  Intake::Effects effects;
  const TimePoint now = strand_->now();
  const auto failed = [&](const Error& error) {
    if (has_no_store(error)) {
      const bool is_classic = error.kind == ErrorKind::unsupported;
      note_kind(from, is_classic);
      if (is_classic) return ask_2009(from);
      intake_.has_no_store(from, now, effects);
    } else {
      if (error.kind == ErrorKind::refused && !reply.ok()) store_->router->report_unreachable(from);
      intake_.not_answered(from, now, effects);
    }
  };
  if (!reply.ok()) {
    failed(reply.error());
  } else if (auto decoded = decode_reply<wire::StorePeer_claim_result>(reply.value()); !decoded.ok()) {
    failed(decoded.error());
  } else {
    note_kind(from, false);
    const wire::ClaimReply& told = decoded.value().success;
    if (told.__isset.members) store_->locator->merge_table(from, told.members);
    const bool is_same_ring = told.view == fingerprint_of(*store_->standing->read().ring);
    if (is_same_ring) {
      disagreeing_.erase(from);
    } else {
      disagreeing_.insert(from);
    }
    Intake::Answer answer{told.fenced && is_same_ring, told.clean, {}};
    for (const std::string& name : told.sources) {
      if (auto source = parse_location(name); source.ok()) answer.sources.push_back(std::move(source).value());
    }
    intake_.answered(from, answer, now, effects);
  }
  obey(effects);
}

// One that leaves answers nobody; when it has ended it is off the ring.
void RingWatch::ask_2009(const Location& node) {
  Intake::Effects found;
  intake_.is_of_2009(node, strand_->now(), found);
  obey(found);
  const auto told = [watch = shared_from_this(), node](Result<std::vector<Location>> members) {
    watch->strand_->post([watch, node, members = std::move(members)] { watch->shown(node, members); });
  };
  if (store_->standing->read().is_leaving(node)) return told(Error{ErrorKind::cancelled, "it leaves"});
  store_->classics->get_all(node, kShowTimeout, told);
}

void RingWatch::shown(const Location& node, const Result<std::vector<Location>>& members) {
  if (is_stopped_) return;
  Intake::Effects effects;
  const TimePoint now = strand_->now();
  if (members.ok()) {
    intake_.has_shown(node, members.value(), now, effects);
  } else {
    if (members.error().kind == ErrorKind::refused) store_->router->report_unreachable(node);
    intake_.not_answered(node, now, effects);
  }
  obey(effects);
}

void RingWatch::note_kind(const Location& node, bool is_classic) {
  if (is_classic) return store_->classics->remember(node);
  store_->classics->note_ours(node);
}

void RingWatch::set_timer() {
  const TimePoint next = intake_.next_wakeup();
  if (next == TimePoint::max()) return timer_.reset();
  timer_ = strand_->after(std::max(next - strand_->now(), Duration::zero()), [weak = weak_from_this()] {
    if (const auto watch = weak.lock())
      watch->tell([](Intake& intake, TimePoint now, auto& effects) { intake.tick(now, effects); });
  });
}

}  // namespace p2p::diststore
