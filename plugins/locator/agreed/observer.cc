#include "agreed/observer.h"

#include "cluster/member/orders.h"

namespace p2p::agreed {

using cluster::ClusterMap;
using cluster::NodeId;

// --- what the adapter reports ----------------------------------------------------------------------------------------

void ClusterObserver::note_map(std::shared_ptr<const ClusterMap> map, const NodeId& self) {
  {
    const std::lock_guard hold(mutex_);
    self_ = self;
    links_.note_map(*map);
    log_.note(std::move(map), wall_clock_());
  }
  ask_waiters([](const Waiter&) { return false; });
}

void ClusterObserver::note_answer(const NodeId& from) {
  const std::lock_guard hold(mutex_);
  links_.note_answer(from);
}

void ClusterObserver::note_failure(const NodeId& to, std::string why) {
  const std::lock_guard hold(mutex_);
  links_.note_failure(to, std::move(why), wall_clock_());
}

void ClusterObserver::note_wait(std::string why) {
  const std::lock_guard hold(mutex_);
  waits_for_ = std::move(why);
}

void ClusterObserver::tick(TimePoint now) {
  ask_waiters([now](const Waiter& waiter) { return waiter.until <= now; });
}

// --- what is known ---------------------------------------------------------------------------------------------------

std::shared_ptr<const ClusterMap> ClusterObserver::map() const {
  const std::lock_guard hold(mutex_);
  return log_.map();
}

Knowledge ClusterObserver::knowledge() const {
  const std::lock_guard hold(mutex_);
  Knowledge known{.map = log_.map(),
                  .self = self_,
                  .learnt_at = log_.learnt_at(),
                  .since = {},
                  .broken_links = links_.broken(),
                  .waits_for = waits_for_};
  if (known.map == nullptr) return known;
  for (const cluster::Member& member : known.map->members)
    if (const auto since = log_.since(member.id)) known.since.emplace(member.id, *since);
  return known;
}

// --- who waits -------------------------------------------------------------------------------------------------------

std::optional<ClusterObserver::Happened> ClusterObserver::happened(const cluster::ClusterId& cluster,
                                                                   cluster::Epoch epoch, bool is_last) const {
  const std::lock_guard hold(mutex_);
  if (log_.map() == nullptr) return std::nullopt;
  const bool is_other = log_.map()->cluster != cluster;
  Happened found{.map = log_.map(), .found = log_.after(is_other ? 0 : epoch)};
  if (!is_last && !is_other && !found.found.missed && found.found.entries.empty()) return std::nullopt;
  return found;
}

void ClusterObserver::await_events(const cluster::ClusterId& cluster, cluster::Epoch epoch, TimePoint until,
                                   std::function<void(Happened)> told) {
  await(until, [this, cluster, epoch, told = std::move(told)](bool is_last) {
    auto found = happened(cluster, epoch, is_last);
    if (found) told(std::move(*found));
    return found.has_value();
  });
}

void ClusterObserver::await_order(cluster::Request order, TimePoint until,
                                  std::function<void(bool is_done, const ClusterMap& map)> told) {
  await(until, [this, order = std::move(order), told = std::move(told)](bool is_last) {
    const auto now = map();
    if (now == nullptr) return false;
    const bool is_done = cluster::is_done(*now, order);
    if (is_done || is_last) told(is_done, *now);
    return is_done || is_last;
  });
}

void ClusterObserver::await(TimePoint until, Attempt attempt) {
  bool is_last = false;
  {
    const std::lock_guard hold(mutex_);
    is_last = is_ending_;
  }
  if (attempt(is_last) || is_last) return;
  Waiter crowded_out;
  {
    const std::lock_guard hold(mutex_);
    waiters_.push_back({.until = until, .attempt = std::move(attempt)});
    if (waiters_.size() > kObserversMax) {
      crowded_out = std::move(waiters_.front());
      waiters_.pop_front();
    }
  }
  if (crowded_out.attempt) crowded_out.attempt(true);
}

void ClusterObserver::end_waits() {
  {
    const std::lock_guard hold(mutex_);
    is_ending_ = true;
  }
  ask_waiters([](const Waiter&) { return true; });
}

void ClusterObserver::ask_waiters(const std::function<bool(const Waiter&)>& is_last) {
  std::list<Waiter> asked;
  {
    const std::lock_guard hold(mutex_);
    asked.swap(waiters_);
  }
  asked.remove_if([&](const Waiter& waiter) {
    const bool is_over = is_last(waiter);
    return waiter.attempt(is_over) || is_over;
  });
  const std::lock_guard hold(mutex_);
  waiters_.splice(waiters_.begin(), asked);
}

}  // namespace p2p::agreed
