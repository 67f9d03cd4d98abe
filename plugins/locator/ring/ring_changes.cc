#include "ring/ring_changes.h"

#include <p2p/assert.h>
#include <p2p/thread_check.h>

#include <utility>

namespace p2p::ring {

using membership::ChangeKind;

RingChanges::RingChanges(Options options, std::shared_ptr<const placement::Placement> placement,
                         std::shared_ptr<Strand> strand, Logger& log)
    : options_(std::move(options)),
      placement_(std::move(placement)),
      strand_(std::move(strand)),
      log_(log),
      layers_(strand_, log),
      members_{{options_.self.name(), options_.self}},
      view_(view_of_members()) {}

void RingChanges::enqueue(membership::MembershipChange change) {
  P2P_ASSERT_THREAD(strand_->is_current());
  waiting_.push_back(std::move(change));
  start_next();
}

void RingChanges::start_next() {
  if (is_changing_ || waiting_.empty()) return;
  is_changing_ = true;
  const bool in_haste = waiting_.size() > kChangesWaitingMax;
  membership::MembershipChange change = std::move(waiting_.front());
  waiting_.pop_front();
  if (in_haste) {
    log_.error("more than {} changes of the ring wait: {} passes without the layers", kChangesWaitingMax,
               change.address.name());
    apply(change);
    return;
  }
  const bool joins = change.kind == ChangeKind::joined || change.kind == ChangeKind::restarted;
  if (!joins && !members_.contains(change.address.name()))
    return apply(change);  // already off the ring: no layer is concerned
  LayerCall call{joins ? LayerStep::add : LayerStep::remove, change.address, nullptr, options_.layer_timeout};
  layers_.run(std::move(call), [self = shared_from_this(), change] { self->apply(change); });
}

void RingChanges::apply(const membership::MembershipChange& change) {
  P2P_ASSERT_THREAD(strand_->is_current());
  p2p::RingChange told;
  const std::string name = change.address.name();
  switch (change.kind) {
    case ChangeKind::joined:
    case ChangeKind::restarted:
      members_[name] = change.address;
      leaving_.erase(name);
      told.added.push_back(change.address);
      break;
    case ChangeKind::leaving:
    case ChangeKind::left:
      if (members_.erase(name) > 0) told.removed.push_back(change.address);
      leaving_.erase(name);
      if (change.kind == ChangeKind::leaving) leaving_[name] = change.address;
      break;
    case ChangeKind::gone:
      leaving_.erase(name);
      break;
    case ChangeKind::ownership:
      break;
  }
  if (change.view) given_view_ = change.view;
  publish(std::move(told));
  // Posted, because this may run within a layer that still has work to do after its `next`.
  strand_->post([self = shared_from_this()] { self->change_ended(); });
}

void RingChanges::change_ended() {
  P2P_ASSERT_THREAD(strand_->is_current());
  is_changing_ = false;
  start_next();
  if (is_changing_) return;
  for (auto& waiter : std::exchange(idle_waiters_, {})) waiter();
}

void RingChanges::when_idle(std::function<void()> then) {
  P2P_ASSERT_THREAD(strand_->is_current());
  if (is_changing_ || !waiting_.empty()) {
    idle_waiters_.push_back(std::move(then));
  } else {
    then();
  }
}

void RingChanges::withdraw() {
  P2P_ASSERT_THREAD(strand_->is_current());
  members_.erase(options_.self.name());
  publish({{}, {options_.self}, nullptr});
}

void RingChanges::clean_up(std::function<void()> then) {
  P2P_ASSERT_THREAD(strand_->is_current());
  LayerCall call{LayerStep::cleanup, {}, view_of_members(), {}};
  layers_.run(std::move(call), std::move(then));
}

void RingChanges::publish(p2p::RingChange change) {
  change.view = view_of_members();
  view_.publish(change.view);
  view_changes_.fetch_add(1, std::memory_order_relaxed);
  listeners_.tell(change, log_);
}

namespace {

std::vector<NodeAddress> values_of(const std::map<std::string, NodeAddress>& by_name) {
  std::vector<NodeAddress> values;
  values.reserve(by_name.size());
  for (const auto& [name, address] : by_name) values.push_back(address);
  return values;
}

}  // namespace

std::shared_ptr<const RingView> RingChanges::view_of_members() const {
  if (given_view_) return given_view_;
  return std::make_shared<MemberView>(values_of(members_), values_of(leaving_), options_.self, *placement_);
}

std::shared_ptr<const RingView> RingChanges::ring_of(std::vector<NodeAddress> members) const {
  return std::make_shared<MemberView>(std::move(members), std::vector<NodeAddress>{}, options_.self, *placement_);
}

void RingChanges::check() const {
  P2P_ASSERT_THREAD(strand_->is_current());
  for (const auto* group : {&members_, &leaving_}) {
    for (const auto& [name, address] : *group) P2P_ASSERT(name == address.name(), "a node stands under its own name");
  }
  for (const auto& [name, address] : leaving_) P2P_ASSERT(!members_.contains(name), "who leaves is no member");
  P2P_ASSERT(is_changing_ || (waiting_.empty() && idle_waiters_.empty()),
             "nothing waits for a change that is not made");
  if (given_view_) return;
  const RingView& published = view_.read();
  P2P_ASSERT(published.members().size() == members_.size() && published.leaving().size() == leaving_.size(),
             "the newest view is that of the members");
  for (const NodeAddress& member : published.members())
    P2P_ASSERT(members_.contains(member.name()), "a view shows members only");
}

}  // namespace p2p::ring
