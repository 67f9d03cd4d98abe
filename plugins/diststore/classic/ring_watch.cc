#include "classic/ring_watch.h"

#include "classic/test_point.h"

#include <p2p/handlers.h>
#include <p2p/thread_check.h>

#include <StorePeer.h>

#include <algorithm>
#include <utility>

namespace p2p::diststore {
namespace {

// A transfer request is answered from memory; a node that takes longer is busy or frozen, and is asked again.
constexpr Duration kTransferRequestTimeout = std::chrono::seconds(1);

// A node of the 2009 system does one thing at a time: the request queues while it hands over, which may take long, and
// is answered right after.
constexpr Duration kShowTimeout = std::chrono::seconds(10);

}  // namespace

RingWatch::RingWatch(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<ClassicStore> store)
    : log_(log),
      strand_(std::move(strand)),
      store_(std::move(store)),
      incoming_(
          store_->self,
          [locator = store_->locator](std::vector<NodeAddress> members) {
            return locator->ring_of(std::move(members));
          },
          [classics = store_->classics](const NodeAddress& node) { return classics->knows_as_ours(node); }) {}

void RingWatch::tell(Tell tell) {
  strand_->post([watch = shared_from_this(), tell = std::move(tell)] {
    if (watch->is_stopped_) return;
    IncomingTransfers::Effects effects;
    tell(watch->incoming_, watch->strand_->now(), effects);
    watch->apply(effects);
  });
}

void RingWatch::begin(std::shared_ptr<const RingView> view) {
  strand_->post([watch = shared_from_this(), view = std::move(view)]() mutable {
    if (!watch->is_stopped_ && watch->view_version_ == 0) watch->take_over(std::move(view));
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
  tell([](IncomingTransfers& incoming, TimePoint now, auto& effects) { incoming.joined(now, effects); });
}

void RingWatch::begin_tombstone_check(std::function<void()> done) {
  strand_->post([watch = shared_from_this(), done = std::move(done)] {
    if (!watch->is_stopped_) watch->tombstone_check_done_ = done;
  });
  tell([](IncomingTransfers& incoming, TimePoint now, auto& effects) { incoming.begin_tombstone_check(now, effects); });
}

void RingWatch::stop() {
  strand_->post([watch = shared_from_this()] {
    watch->is_stopped_ = true;
    watch->timer_.reset();
    watch->tombstone_check_done_ = nullptr;
    watch->established_();
  });
}

void RingWatch::take_over(std::shared_ptr<const RingView> view) {
  P2P_ASSERT_THREAD(strand_->is_current());
  P2P_ASSERT(view_version_ < kViewVersionMax, "view versions do not run out");
  const auto former = store_->ownership->share();
  if (view_version_++ > 0) former_rings_.insert(former_rings_.begin(), former->ring);
  if (former_rings_.size() > kFormerRingsMax) former_rings_.pop_back();
  IncomingTransfers::Effects effects;
  leavers_ = leavers_of(*view, *former);
  store_->classics->forget_ours_but(*view);
  incoming_.ring_changed(view, view_version_, strand_->now(), effects);
  // In this order: a reader of the new ownership snapshot can rely on nothing being done by the former one any more
  // (H1).
  store_->local->engine().fence(view_version_);
  publish(std::move(view));
  effects.is_changed = false;
  apply(effects);
}

std::vector<Leaver> RingWatch::leavers_of(const RingView& view, const OwnershipSnapshot& former) const {
  std::vector<Leaver> leavers;
  for (const NodeAddress& node : view.leaving()) {
    std::vector<NodeAddress> present = view.members();
    present.push_back(node);
    const auto known = std::find_if(former.leavers.begin(), former.leavers.end(),
                                    [&](const Leaver& leaver) { return leaver.node == node; });
    auto last_ring = known != former.leavers.end() ? known->last_ring : last_ring_of(node, present, former);
    leavers.push_back({node, std::move(last_ring), store_->locator->ring_of(std::move(present))});
  }
  return leavers;
}

// Without members of which the node may not have learned: it owns, and hands over, what should be theirs.
std::shared_ptr<const RingView> RingWatch::last_ring_of(const NodeAddress& node,
                                                        const std::vector<NodeAddress>& present,
                                                        const OwnershipSnapshot& former) const {
  const auto& members = former.ring->members();
  const bool was_member = std::find(members.begin(), members.end(), node) != members.end();
  std::vector<NodeAddress> last = was_member ? members : present;
  for (const Gift& gift : former.gifts) {
    if (std::find(gift.givers.begin(), gift.givers.end(), node) != gift.givers.end()) std::erase(last, gift.to);
  }
  if (!former.is_established || former.awaits_from(node)) std::erase(last, store_->self);
  return store_->locator->ring_of(std::move(last));
}

void RingWatch::publish(std::shared_ptr<const RingView> view) {
  store_->ownership->publish(std::make_shared<const OwnershipSnapshot>(
      OwnershipSnapshot{store_->self, view_version_, incoming_.is_established(), std::move(view), former_rings_,
                        incoming_.acquired_ranges(), leavers_, incoming_.gifts()}));
}

void RingWatch::apply(const IncomingTransfers::Effects& effects) {
  P2P_ASSERT_THREAD(strand_->is_current());
  for (const NodeAddress& silent : effects.given_up) {
    log_.warn("{} has not answered for {}: this node takes over its keys without it", silent.name(),
              format_duration(kFencePatience));
  }
  if (effects.is_changed) {
    publish(store_->ownership->share()->ring);
  }
  if (incoming_.is_established() && established_.pending()) {
    P2P_TEST_POINT("joiner.established");
    established_();
  }
  for (const NodeAddress& from : effects.transfer_requests) claim(from);
  if (effects.is_tombstone_check_done) {
    if (const auto done = std::exchange(tombstone_check_done_, nullptr)) done();
  }
  set_timer();
}

void RingWatch::claim(const NodeAddress& from) {
  P2P_TEST_POINT("joiner.claiming");
  wire::StorePeer_claim_args args;
  args.claim.receiver = store_->self.name();
  args.claim.view = fingerprint_of(*store_->ownership->read().ring);
  if (disagreeing_.contains(from)) args.claim.__set_members(store_->locator->encode_table());
  store_->peers.call(
      from, store_->peer_service, encode_call("claim", args), kTransferRequestTimeout,
      [watch = shared_from_this(), from](Result<std::string> reply) {
        watch->strand_->post([watch, from, reply = std::move(reply)] { watch->transfer_request_ended(from, reply); });
      });
}

void RingWatch::transfer_request_ended(const NodeAddress& from, const Result<std::string>& reply) {
  P2P_ASSERT_THREAD(strand_->is_current());
  if (is_stopped_) return;
  IncomingTransfers::Effects effects;
  const TimePoint now = strand_->now();
  const auto failed = [&](const Error& error) {
    if (has_no_store(error)) {
      const bool is_classic = error.kind == ErrorKind::unsupported;
      note_kind(from, is_classic);
      if (is_classic) return ask_2009(from);
      incoming_.has_no_store(from, now, effects);
    } else {
      if (error.kind == ErrorKind::refused && !reply.ok()) store_->forwarder->report_unreachable(from);
      incoming_.not_answered(from, now, effects);
    }
  };
  if (!reply.ok()) {
    failed(reply.error());
  } else if (auto decoded = decode_reply<wire::StorePeer_claim_result>(reply.value()); !decoded.ok()) {
    failed(decoded.error());
  } else {
    note_kind(from, false);
    const wire::TransferRequestReply& told = decoded.value().success;
    if (told.__isset.members) store_->locator->merge_table(from, told.members);
    // (H3)
    const bool is_same_ring = told.view == fingerprint_of(*store_->ownership->read().ring);
    if (is_same_ring) {
      disagreeing_.erase(from);
    } else {
      disagreeing_.insert(from);
    }
    IncomingTransfers::Answer answer{is_same_ring, told.handed_over, {}};
    for (const std::string& name : told.sources) {
      if (auto source = parse_node_address(name); source.ok()) answer.sources.push_back(std::move(source).value());
    }
    incoming_.answered(from, answer, now, effects);
  }
  apply(effects);
}

// A node that leaves answers nobody; when it has ended it is off the ring.
void RingWatch::ask_2009(const NodeAddress& node) {
  IncomingTransfers::Effects found;
  incoming_.is_of_2009(node, strand_->now(), found);
  apply(found);
  const auto told = [watch = shared_from_this(), node](Result<std::vector<NodeAddress>> members) {
    watch->strand_->post([watch, node, members = std::move(members)] { watch->shown(node, members); });
  };
  if (store_->ownership->read().is_leaving(node)) return told(Error{ErrorKind::cancelled, "it leaves"});
  store_->classics->get_all(node, kShowTimeout, told);
}

void RingWatch::shown(const NodeAddress& node, const Result<std::vector<NodeAddress>>& members) {
  P2P_ASSERT_THREAD(strand_->is_current());
  if (is_stopped_) return;
  IncomingTransfers::Effects effects;
  const TimePoint now = strand_->now();
  if (members.ok()) {
    incoming_.has_shown(node, members.value(), now, effects);
  } else {
    if (members.error().kind == ErrorKind::refused) store_->forwarder->report_unreachable(node);
    incoming_.not_answered(node, now, effects);
  }
  apply(effects);
}

// Of one that has left meanwhile nothing is noted: another one may start on its port (H30).
void RingWatch::note_kind(const NodeAddress& node, bool is_classic) {
  if (is_classic) return store_->classics->remember(node);
  if (store_->ownership->read().is_present(node)) store_->classics->note_ours(node);
}

void RingWatch::set_timer() {
  P2P_ASSERT_THREAD(strand_->is_current());
  const TimePoint next = incoming_.next_wakeup();
  if (next == TimePoint::max()) return timer_.reset();
  timer_ = strand_->after(std::max(next - strand_->now(), Duration::zero()), [weak = weak_from_this()] {
    if (const auto watch = weak.lock())
      watch->tell([](IncomingTransfers& incoming, TimePoint now, auto& effects) { incoming.tick(now, effects); });
  });
}

}  // namespace p2p::diststore
